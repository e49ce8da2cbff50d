"""Answers and day results as rows of a table. Documents are JSON text, whose floats every database gives back bit for bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tunegate.domain.canonical import canonical_json
from tunegate.domain.days import DayResult, Forecast, SimulationAnswer
from tunegate.domain.errors import Fault
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.results import RecordConflict, RequestKey, SimulationPhase, StoredDay

# Neither may change what is kept: one names the attempt, the other is how long it took.
_NOT_COMPARED = ("request", "compute_s")


def answer_columns(request: SimulationRequest, answer: SimulationAnswer) -> dict[str, Any]:
    """What is the same for every day of an answer."""
    return {
        "request": canonical_json(request.as_message()),
        "applied_parameters": canonical_json(dict(answer.applied_parameters)),
        "trained_last_day": answer.trained_last_day,
        "city_digest": answer.city_digest,
        "simulator": answer.simulator_version,
        "compute_s": answer.compute_s,
    }


def day_columns(result: DayResult) -> dict[str, Any]:
    """One day. Raises ValueError for NaN and infinity."""
    return {
        "forecast": result.forecast.value,
        "day": result.day,
        "seed": result.seed,
        "metrics": canonical_json(dict(result.metrics)),
        "zone_revenue_minor": canonical_json(dict(result.zone_revenue_minor)),
        "drivers": result.drivers,
        "order_log_digest": result.order_log_digest,
    }


def day_result(row: Any) -> DayResult:
    """The day of a row that has the columns of `day_columns` as attributes."""
    return DayResult(
        day=row.day,
        seed=row.seed,
        forecast=Forecast(row.forecast),
        metrics=json.loads(row.metrics),
        zone_revenue_minor=json.loads(row.zone_revenue_minor),
        drivers=row.drivers,
        order_log_digest=row.order_log_digest,
    )


def simulation_answer(row: Any, days: tuple[DayResult, ...]) -> SimulationAnswer:
    """The answer of a row that has the columns of `answer_columns` as attributes, with its days sorted by day and seed."""
    return SimulationAnswer(
        days=tuple(sorted(days, key=lambda result: (result.day, result.seed))),
        applied_parameters=json.loads(row.applied_parameters),
        trained_last_day=row.trained_last_day,
        city_digest=row.city_digest,
        simulator_version=row.simulator,
        compute_s=row.compute_s,
    )


def stored_day(row: Any) -> StoredDay:
    """The day of a row with what it was simulated for."""
    return StoredDay(RequestKey(SimulationPhase(row.phase), row.subject), row.content_digest, day_result(row))


def reading_order(stored: StoredDay) -> tuple[object, ...]:
    """What day results are sorted by."""
    result = stored.result
    return (stored.key.phase, stored.key.subject, result.forecast, result.day, result.seed)


def refuse_difference(key: RequestKey, what: str, kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise RecordConflict when what is kept is not what was to be kept."""
    different = [name for name in wanted if name not in _NOT_COMPARED and kept[name] != wanted[name]]
    if different:
        name = different[0]
        raise RecordConflict(
            Fault(
                "a simulation that is already kept must not come out differently",
                f"{name} {kept[name]!s:.200} kept, {wanted[name]!s:.200} now",
                f"{key.phase} {key.subject}, {what}",
                "Make the simulator deterministic, and start a new campaign after a change of its version or city.",
            )
        )
