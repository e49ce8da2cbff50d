"""Putting an answer together from checked messages, and refusing what does not answer the request."""

from __future__ import annotations

from datetime import date

from tunegate.adapters.simulator_messages import BadMessage, Message, day_result, parse_day
from tunegate.domain.days import DayResult, SimulationAnswer
from tunegate.domain.simulation import SimulationRequest


class AnswerAssembly:
    """Collects the days of one request until `done`. Every method raises BadMessage when a message breaks a rule."""

    def __init__(self, request: SimulationRequest) -> None:
        self._request = request
        self._missing = {(day, seed) for day in request.days for seed in request.seeds}
        self._found: dict[tuple[date, int], DayResult] = {}

    def check_id(self, message: Message) -> None:
        """Every line must carry the request's id; an `error` about a request that could not be read carries none."""
        if message["id"] != self._request.id and not (message["type"] == "error" and message["id"] is None):
            raise BadMessage(f"an answer must carry the id of its request, {self._request.id!r}", repr(message["id"]))

    def add_day(self, message: Message) -> DayResult:
        """Take a `day` message."""
        result = day_result(message, self._request.forecast)
        key = (result.day, result.seed)
        if key in self._found:
            raise BadMessage("a day and seed must be answered once", f"{result.day}, seed {result.seed} again")
        if key not in self._missing:
            raise BadMessage("only days and seeds of the request may be answered", f"{result.day}, seed {result.seed}")
        self._missing.remove(key)
        self._found[key] = result
        return result

    def finish(self, message: Message) -> SimulationAnswer:
        """Take the `done` message and give the whole answer."""
        if self._missing:
            day, seed = min(self._missing)
            raise BadMessage(
                "every day and seed of the request must be answered before `done`",
                f"{len(self._missing)} missing, the first {day}, seed {seed}",
            )
        if message["days"] != len(self._found):
            raise BadMessage("`done` must count the day lines", f"{message['days']} said, {len(self._found)} written")
        self._check_applied(message["parameters"])
        trained_last_day = parse_day(message["trained_last_day"])
        if trained_last_day > self._request.history.last:
            rule = f"a forecast may learn nothing after history.last, {self._request.history.last}"
            raise BadMessage(rule, f"trained_last_day {trained_last_day}")
        return SimulationAnswer(
            days=tuple(self._found[key] for key in sorted(self._found)),
            applied_parameters={name: float(value) for name, value in message["parameters"].items()},
            trained_last_day=trained_last_day,
            city_digest=message["city_digest"],
            simulator_version=message["simulator"],
            compute_s=float(message["compute_s"]),
        )

    def _check_applied(self, applied: Message) -> None:
        """What was asked must be among what was applied; a simulator may add those it took by default."""
        wrong = {name: applied.get(name) for name, value in self._request.parameters.items() if applied.get(name) != value}
        if wrong:
            raise BadMessage(
                "`done` must echo the request's parameters as applied", f"{wrong} for {dict(self._request.parameters)}"
            )
