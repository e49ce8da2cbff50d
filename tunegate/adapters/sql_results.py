"""Answers and day results in SQL. Documents are JSON text, whose floats read back bit for bit on every database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from tunegate.adapters.sql_database import insert_if_absent
from tunegate.adapters.sql_tables import answers, day_results
from tunegate.database.outages import patient
from tunegate.domain.canonical import canonical_json
from tunegate.domain.days import DayResult, Forecast, SimulationAnswer
from tunegate.domain.errors import Fault
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.results import Phase, RecordConflict, RequestKey, StoredDay

# Neither may change what is kept: one names the attempt, the other is how long it took.
_NOT_COMPARED = ("request", "compute_s")


class SqlResultsStore:
    """Implements the port `ResultsStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @patient
    def save_answer(self, campaign: str, key: RequestKey, request: SimulationRequest, answer: SimulationAnswer) -> None:
        """See the port."""
        identity = {
            "campaign": campaign,
            "content_digest": request.content_digest,
            "phase": key.phase.value,
            "subject": key.subject,
        }
        answer_row = identity | _answer_columns(request, answer)
        day_rows = [identity | _day_columns(result) for result in answer.days]
        with self._engine.begin() as connection:
            insert_if_absent(connection, answers, [answer_row])
            insert_if_absent(connection, day_results, day_rows)
            _refuse_difference(connection, key, answer_row, day_rows)

    @patient
    def find_answer(self, campaign: str, content_digest: str) -> SimulationAnswer | None:
        """See the port."""
        wanted = select(answers).where(answers.c.campaign == campaign, answers.c.content_digest == content_digest)
        with self._engine.connect() as connection:
            row = connection.execute(wanted.order_by(answers.c.phase, answers.c.subject).limit(1)).one_or_none()
            if row is None:
                return None
            days = connection.execute(
                select(day_results).where(
                    day_results.c.campaign == campaign,
                    day_results.c.phase == row.phase,
                    day_results.c.subject == row.subject,
                    day_results.c.content_digest == content_digest,
                )
            ).all()
        return SimulationAnswer(
            days=tuple(sorted(map(_day_result, days), key=lambda result: (result.day, result.seed))),
            applied_parameters=json.loads(row.applied_parameters),
            trained_last_day=row.trained_last_day,
            city_digest=row.city_digest,
            simulator_version=row.simulator,
            compute_s=row.compute_s,
        )

    @patient
    def day_results(self, campaign: str, phase: Phase | None = None, subject: str | None = None) -> tuple[StoredDay, ...]:
        """See the port."""
        query = select(day_results).where(day_results.c.campaign == campaign)
        if phase is not None:
            query = query.where(day_results.c.phase == phase.value)
        if subject is not None:
            query = query.where(day_results.c.subject == subject)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        stored = (StoredDay(RequestKey(Phase(row.phase), row.subject), row.content_digest, _day_result(row)) for row in rows)
        return tuple(sorted(stored, key=_reading_order))


def _answer_columns(request: SimulationRequest, answer: SimulationAnswer) -> dict[str, Any]:
    return {
        "request": canonical_json(request.as_message()),
        "applied_parameters": canonical_json(dict(answer.applied_parameters)),
        "trained_last_day": answer.trained_last_day,
        "city_digest": answer.city_digest,
        "simulator": answer.simulator_version,
        "compute_s": answer.compute_s,
    }


def _day_columns(result: DayResult) -> dict[str, Any]:
    return {
        "forecast": result.forecast.value,
        "day": result.day,
        "seed": result.seed,
        "metrics": canonical_json(dict(result.metrics)),
        "zone_revenue_minor": canonical_json(dict(result.zone_revenue_minor)),
        "drivers": result.drivers,
        "order_log_digest": result.order_log_digest,
    }


def _day_result(row: Row[Any]) -> DayResult:
    return DayResult(
        day=row.day,
        seed=row.seed,
        forecast=Forecast(row.forecast),
        metrics=json.loads(row.metrics),
        zone_revenue_minor=json.loads(row.zone_revenue_minor),
        drivers=row.drivers,
        order_log_digest=row.order_log_digest,
    )


def _reading_order(stored: StoredDay) -> tuple[object, ...]:
    result = stored.result
    return (stored.key.phase, stored.key.subject, result.forecast, result.day, result.seed)


def _refuse_difference(
    connection: Connection, key: RequestKey, answer_row: Mapping[str, Any], day_rows: list[dict[str, Any]]
) -> None:
    """Raise RecordConflict, and so undo the transaction, when what is kept now is not what was to be kept."""
    identity = {name: answer_row[name] for name in ("campaign", "phase", "subject")}
    kept_days = {
        (row["forecast"], row["day"], row["seed"]): dict(row)
        for row in connection.execute(select(day_results).filter_by(**identity)).mappings()
    }
    for wanted in day_rows:
        kept = kept_days[wanted["forecast"], wanted["day"], wanted["seed"]]
        _compare(key, f"{wanted['day']}, seed {wanted['seed']}", kept, wanted)
    kept_answer = connection.execute(
        select(answers).filter_by(**identity, content_digest=answer_row["content_digest"])
    ).mappings()
    _compare(key, "the answer", dict(kept_answer.one()), answer_row)


def _compare(key: RequestKey, what: str, kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
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
