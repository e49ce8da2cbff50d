"""Trials and verdicts in BigQuery: rows by key, written by MERGE statements that run once each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tunegate.adapters.google.bigquery_dataset import BigQueryDataset
from tunegate.adapters.google.bigquery_tables import table_schema
from tunegate.domain.canonical import canonical_json, text_digest
from tunegate.domain.trials import TrialRecord
from tunegate.gate.verdict_document import read_verdict
from tunegate.ports.campaign_store import CampaignRow
from tunegate.ports.records import VerdictRow

MOST_ROWS_A_STATEMENT = 1000  # of about 1 KB; a request may have 10 MB
WANTED = "wanted"
OVERHEADS = ("queue_s", "start_s", "store_s", "tell_s")  # of TrialTimes; simulating has a column as every trial has it
_KEYS = {"trials": ("campaign", "number"), "verdicts": ("campaign", "id")}

Row = Mapping[str, Any]


class BigQueryAnalytics:
    """Implements the port `Analytics`."""

    def __init__(self, dataset: BigQueryDataset) -> None:
        self._dataset = dataset

    def check(self) -> None:
        self._dataset.open()

    def export(self, campaign: CampaignRow, trials: Sequence[TrialRecord], verdicts: Sequence[VerdictRow]) -> None:
        self._put("trials", campaign.id, [_trial_row(campaign, trial) for trial in trials])
        self._put("verdicts", campaign.id, [_verdict_row(verdict) for verdict in verdicts])

    def _put(self, table: str, campaign: str, rows: Sequence[Row]) -> None:
        for number, some in enumerate(_parts(rows)):
            self._put_some(table, campaign, f"part {number} of the {table} of {campaign}", some)

    def _put_some(self, table: str, campaign: str, what: str, rows: Sequence[Row]) -> None:
        """Merge rows that are few enough for one statement.

        Two equal statements at once could both insert, so they share a job name. The table is read first: rows that were
        exported, changed and changed back would otherwise have the name of their first export, and stay changed.
        """
        digest = text_digest(f"{self._dataset.name} {what} {rows!r}").removeprefix("sha256:")
        for attempt in self._dataset.attempts(what):
            if self._are_kept(table, campaign, rows):
                return
            job = f"tunegate-{digest}-{attempt}"
            if self._dataset.run_once(job, self._merge(table), [table_schema(table).rows(WANTED, rows)]) is None:
                self._dataset.await_end(job)

    def _are_kept(self, table: str, campaign: str, rows: Sequence[Row]) -> bool:
        schema, key = table_schema(table), _KEYS[table]
        columns = ", ".join(column.name for column in schema.columns)
        sql = f"SELECT {columns} FROM {self._dataset.table(table)} WHERE campaign = @campaign"  # noqa: S608 - names of ours
        found = self._dataset.rows(sql, [schema.value("campaign", campaign)])
        kept = {tuple(row[name] for name in key): dict(row.items()) for row in found}
        return all(kept.get(tuple(row[name] for name in key)) == row for row in rows)

    def _merge(self, table: str) -> str:
        names = [column.name for column in table_schema(table).columns]
        same = " AND ".join(f"kept.{name} = {WANTED}.{name}" for name in _KEYS[table])
        changes = ", ".join(f"{name} = {WANTED}.{name}" for name in names if name not in _KEYS[table])
        values = ", ".join(f"{WANTED}.{name}" for name in names)
        return (
            f"MERGE {self._dataset.table(table)} AS kept USING (SELECT source.* FROM UNNEST(@{WANTED}) AS source) AS {WANTED} "  # noqa: S608 - names of ours
            f"ON {same} WHEN MATCHED THEN UPDATE SET {changes} "
            f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})"
        )


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    return (rows[start : start + MOST_ROWS_A_STATEMENT] for start in range(0, len(rows), MOST_ROWS_A_STATEMENT))


def _trial_row(campaign: CampaignRow, trial: TrialRecord) -> Row:
    return {
        "campaign": campaign.id,
        "region": campaign.region,
        "campaign_started": campaign.started,
        "number": trial.number,
        "proposal": trial.proposal,
        "attempt": trial.attempt,
        "state": trial.state.value,
        "parameters": canonical_json(dict(trial.parameters)),
        "worker": trial.worker,
        "revenue_minor_per_day": trial.revenue_minor_per_day,
        "value_pct": trial.value_pct,
        "simulated_days": trial.simulated_days,
        "simulation_s": trial.simulation_s,
        **{phase: None if trial.times is None else getattr(trial.times, phase) for phase in OVERHEADS},
        "reason": trial.reason,
        "failure_class": None if trial.failure_class is None else trial.failure_class.value,
        "started_at": trial.started_at,
        "finished_at": trial.finished_at,
    }


def _verdict_row(verdict: VerdictRow) -> Row:
    document = read_verdict(verdict.document)
    outcome = document.judgement.verdict
    return {
        "id": verdict.id,
        "region": verdict.region,
        "campaign": verdict.campaign,
        "judged_at": verdict.at,
        "verdict": outcome.KIND,
        "reason": outcome.reason,
        "production_digest": document.parameter_digests.production,
        "candidate_digest": document.parameter_digests.candidate,
        "document": canonical_json(dict(verdict.document)),
    }
