"""Answers and day results in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from tunegate.adapters import result_rows
from tunegate.adapters.sql.database import insert_if_absent
from tunegate.adapters.sql.outages import retry_on_outage
from tunegate.adapters.sql.tables import answers, day_results
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.results import RequestKey, SimulationPhase, StoredDay


class SqlResultsStore:
    """Implements the port `ResultsStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retry_on_outage
    def save_answer(self, campaign: str, key: RequestKey, request: SimulationRequest, answer: SimulationAnswer) -> None:
        identity = {
            "campaign": campaign,
            "content_digest": request.content_digest,
            "phase": key.phase.value,
            "subject": key.subject,
        }
        answer_row = identity | result_rows.answer_columns(request, answer)
        day_rows = [identity | result_rows.day_columns(result) for result in answer.days]
        with self._engine.begin() as connection:
            insert_if_absent(connection, answers, [answer_row])
            insert_if_absent(connection, day_results, day_rows)
            _refuse_difference(connection, key, answer_row, day_rows)

    @retry_on_outage
    def find_answer(self, campaign: str, content_digest: str) -> SimulationAnswer | None:
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
        return result_rows.simulation_answer(row, tuple(map(result_rows.day_result, days)))

    @retry_on_outage
    def day_results(
        self, campaign: str, phase: SimulationPhase | None = None, subject: str | None = None
    ) -> tuple[StoredDay, ...]:
        query = select(day_results).where(day_results.c.campaign == campaign)
        if phase is not None:
            query = query.where(day_results.c.phase == phase.value)
        if subject is not None:
            query = query.where(day_results.c.subject == subject)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return tuple(sorted(map(result_rows.stored_day, rows), key=result_rows.reading_order))


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
        result_rows.refuse_difference(key, f"{wanted['day']}, seed {wanted['seed']}", kept, wanted)
    kept_answer = connection.execute(
        select(answers).filter_by(**identity, content_digest=answer_row["content_digest"])
    ).mappings()
    result_rows.refuse_difference(key, "the answer", dict(kept_answer.one()), answer_row)
