"""Answers and day results in BigQuery: one row for each day, all rows of an answer written by one statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.cloud import bigquery

from tunegate.adapters import result_rows
from tunegate.adapters.google.bigquery_dataset import BigQueryDataset, Parameter
from tunegate.adapters.google.bigquery_tables import table_schema
from tunegate.domain.canonical import content_digest
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.errors import Fault
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.results import RecordConflict, RequestKey, SimulationPhase, StoredDay

TABLE = "day_results"
DAYS = "days"  # the parameter that holds the days of an answer
_KEY = ("forecast", "day", "seed")  # of a day, within its campaign, phase and subject
_NOT_READ_BACK = frozenset({"saved_at", "revenue_minor", "request"})  # written for analysts only


class BigQueryResultsStore:
    """Implements the port `ResultsStore`. Raises Outage besides, and BadInput where a table or a permission is missing."""

    def __init__(self, dataset: BigQueryDataset) -> None:
        self._dataset = dataset
        self._schema = table_schema(TABLE)
        self._read = ", ".join(column.name for column in self._schema.columns if column.name not in _NOT_READ_BACK)

    def save_answer(self, campaign: str, key: RequestKey, request: SimulationRequest, answer: SimulationAnswer) -> None:
        shared = {
            "campaign": campaign,
            "phase": key.phase.value,
            "subject": key.subject,
            "content_digest": request.content_digest,
            **result_rows.answer_columns(request, answer),
        }
        days = [{**result_rows.day_columns(result), "revenue_minor": result.revenue_minor} for result in answer.days]
        parameters: list[Parameter] = [
            *(self._schema.value(name, value) for name, value in shared.items()),
            self._schema.rows(DAYS, days),
        ]
        sql = self._insert(tuple(shared), tuple(days[0]))
        name, rows = _job_name(self._dataset.name, campaign, key, days), [{**shared, **day} for day in days]
        for attempt in self._dataset.attempts(f"{key.phase} {key.subject} of {campaign}"):
            job = f"{name}-{attempt}"
            if self._dataset.run_once(job, sql, parameters) == len(days) or self._is_kept(campaign, key, rows):
                return
            self._dataset.await_end(job)
            if self._is_kept(campaign, key, rows):
                return

    def find_answer(self, campaign: str, content_digest: str) -> SimulationAnswer | None:
        rows = self._rows(campaign=campaign, content_digest=content_digest)
        if not rows:
            return None
        first = min(rows, key=lambda row: (row.phase, row.subject))
        of_first = [row for row in rows if (row.phase, row.subject) == (first.phase, first.subject)]
        return result_rows.simulation_answer(first, tuple(map(result_rows.day_result, of_first)))

    def day_results(
        self, campaign: str, phase: SimulationPhase | None = None, subject: str | None = None
    ) -> tuple[StoredDay, ...]:
        wanted = {"campaign": campaign, "phase": None if phase is None else phase.value, "subject": subject}
        rows = self._rows(**{name: value for name, value in wanted.items() if value is not None})
        return tuple(sorted(map(result_rows.stored_day, rows), key=result_rows.reading_order))

    def _insert(self, shared: tuple[str, ...], of_day: tuple[str, ...]) -> str:
        """All days or none: one day that exists already, whatever its numbers, blocks the whole answer."""
        columns = ", ".join((*shared, *of_day, "saved_at"))
        values = ", ".join((*(f"@{name}" for name in shared), *(f"wanted.{name}" for name in of_day), "CURRENT_TIMESTAMP()"))
        same_day = " AND ".join(f"kept.{name} = asked.{name}" for name in _KEY)
        table = self._dataset.table(TABLE)
        return (
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM UNNEST(@{DAYS}) AS wanted "  # noqa: S608 - names of ours
            f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS kept JOIN UNNEST(@{DAYS}) AS asked ON {same_day} "
            "WHERE kept.campaign = @campaign AND kept.phase = @phase AND kept.subject = @subject)"
        )

    def _is_kept(self, campaign: str, key: RequestKey, wanted: list[dict[str, Any]]) -> bool:
        """Whether the rows are stored. Raises RecordConflict when different rows have their keys."""
        rows = self._rows(campaign=campaign, phase=key.phase.value, subject=key.subject)
        kept = {_key(row): dict(row.items()) for row in rows}
        found = [row for row in wanted if _key(row) in kept]
        for row in found:
            compared = {name: value for name, value in row.items() if name not in _NOT_READ_BACK}
            result_rows.refuse_difference(key, f"{row['day']}, seed {row['seed']}", kept[_key(row)], compared)
        if found and len(found) < len(wanted):
            rule = "all days of an answer must be kept, or none"
            place = f"{self._dataset.name}, {campaign}, {key.phase} {key.subject}"
            remedy = "Somebody deleted rows of it: restore them, or delete the rest."
            raise RecordConflict(Fault(rule, f"{len(found)} of {len(wanted)}", place, remedy))
        return bool(found)

    def _rows(self, **wanted: str) -> list[bigquery.Row]:
        """The rows whose columns have these values, each day once. Raises RecordConflict for a day with two different rows.

        Our statements never write a day twice; a copy made by hand may have.
        """
        where = " AND ".join(f"{name} = @{name}" for name in wanted)
        sql = f"SELECT {self._read} FROM {self._dataset.table(TABLE)} WHERE {where}"  # noqa: S608 - names of ours
        once: dict[tuple[object, ...], bigquery.Row] = {}
        for row in self._dataset.rows(sql, [self._schema.value(name, value) for name, value in wanted.items()]):
            whole = (row.campaign, row.phase, row.subject, *_key(row))
            if once.setdefault(whole, row) != row:
                rule, place = "a simulated day must be kept once", ", ".join(map(str, whole))
                raise RecordConflict(Fault(rule, "rows that differ", place, "Find out who wrote them, and delete those."))
        return list(once.values())


def _key(row: bigquery.Row | Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(row[name] for name in _KEY)


def _job_name(dataset: str, campaign: str, key: RequestKey, days: list[dict[str, Any]]) -> str:
    """Equal for all writers of these days, whatever their numbers, so that BigQuery lets only one of them write."""
    keys = sorted([str(day[name]) for name in _KEY] for day in days)
    digest = content_digest([dataset, TABLE, campaign, key.phase.value, key.subject, keys])
    return f"tunegate-{digest.removeprefix('sha256:')}"
