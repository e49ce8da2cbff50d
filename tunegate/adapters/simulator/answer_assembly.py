"""Putting an answer together from checked messages, and refusing what does not answer the request."""

from __future__ import annotations

from datetime import date

from tunegate.adapters.simulator.messages import BadMessage, Message, day_result, parse_day
from tunegate.domain.days import DayResult, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.simulator import OnDay


class AnswerAssembly:
    """Collects the days of one request until `done`. Every method raises BadMessage when a message breaks a rule.

    `on_day` is called with each valid day.
    """

    def __init__(self, request: SimulationRequest, on_day: OnDay | None = None) -> None:
        self._request = request
        self._on_day = on_day
        self._missing = {(day, seed) for day in request.days for seed in request.seeds}
        self._found: dict[tuple[date, int], DayResult] = {}

    def take(self, message: Message) -> SimulationAnswer | None:
        """Take the next message; the whole answer once it is `done`."""
        check_id(message, self._request.id)
        match message["type"]:
            case "done":
                return self._finish(message)
            case "day":
                result = self._add_day(message)
                if self._on_day is not None:
                    self._on_day(result)
                return None
            case other:
                raise BadMessage("a simulation request must be answered by `day` lines and `done`", other)

    def _add_day(self, message: Message) -> DayResult:
        result = day_result(message, self._request.forecast)
        key = (result.day, result.seed)
        if key in self._found:
            raise BadMessage("a day and seed must be answered once", f"{result.day}, seed {result.seed} again")
        if key not in self._missing:
            raise BadMessage("only days and seeds of the request may be answered", f"{result.day}, seed {result.seed}")
        self._missing.remove(key)
        self._found[key] = result
        return result

    def _finish(self, message: Message) -> SimulationAnswer:
        if self._missing:
            day, seed = min(self._missing)
            raise BadMessage(
                "every day and seed of the request must be answered before `done`",
                f"{len(self._missing)} missing, the first {day}, seed {seed}",
            )
        if message["days"] != len(self._found):
            raise BadMessage("`done` must count the day lines", f"{message['days']} said, {len(self._found)} written")
        check_applied(message["parameters"], self._request.parameters)
        return SimulationAnswer(
            days=tuple(self._found[key] for key in sorted(self._found)),
            applied_parameters={name: float(value) for name, value in message["parameters"].items()},
            trained_last_day=trained_last_day(message, self._request.history),
            city_digest=message["city_digest"],
            simulator_version=message["simulator"],
            compute_s=float(message["compute_s"]),
        )


def check_id(message: Message, request_id: str) -> None:
    """Every line must carry the request's id; an `error` about a request that could not be read carries none."""
    if message["id"] != request_id and not (message["type"] == "error" and message["id"] is None):
        raise BadMessage(f"an answer must carry the id of its request, {request_id!r}", repr(message["id"]))


def check_applied(applied: Message, asked: Parameters) -> None:
    """What was asked must be among what was applied; a simulator may add those it took by default."""
    wrong = {name: applied.get(name) for name, value in asked.items() if applied.get(name) != value}
    if wrong:
        raise BadMessage("the last line must echo the request's parameters as applied", f"{wrong} for {dict(asked)}")


def trained_last_day(message: Message, history: Period) -> date:
    """The newest day a forecast learnt from, which must not be after the history."""
    day = parse_day(message["trained_last_day"])
    if day > history.last:
        raise BadMessage(f"a forecast may learn nothing after history.last, {history.last}", f"trained_last_day {day}")
    return day
