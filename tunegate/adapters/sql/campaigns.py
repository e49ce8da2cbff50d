"""The store of campaigns in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, select, update

from tunegate.adapters.sql.database import insert_if_absent
from tunegate.adapters.sql.outages import retry_on_outage
from tunegate.adapters.sql.tables import campaigns
from tunegate.domain.canonical import canonical_json
from tunegate.domain.errors import Fault
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus
from tunegate.ports.results import RecordConflict


class SqlCampaignStore:
    """Implements the port `CampaignStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retry_on_outage
    def start(self, row: CampaignRow) -> CampaignRow:
        failed = (campaigns.c.id == row.id) & (campaigns.c.status == CampaignStatus.FAILED.value)
        with self._engine.begin() as connection:
            insert_if_absent(connection, campaigns, [_columns(row)])
            kept = _one(connection, row.id)
            if kept is None or (kept.region, kept.config_digest) != (row.region, row.config_digest):
                found = f"{row.region}, {row.config_digest}"
                raise _conflict("a campaign must keep its region and configuration", found, row.id, "Start a new campaign.")
            running = {"status": CampaignStatus.RUNNING.value, "finished": None, "outcome": None}
            connection.execute(update(campaigns).where(failed).values(running))
            return _one(connection, row.id) or kept

    @retry_on_outage
    def finish(self, campaign: str, status: CampaignStatus, outcome: Mapping[str, object], at: datetime) -> None:
        if status is CampaignStatus.RUNNING:
            raise ValueError("a campaign finishes as FINISHED or FAILED, but got RUNNING")
        text = canonical_json(dict(outcome))
        unfinished = (campaigns.c.id == campaign) & (campaigns.c.status != CampaignStatus.FINISHED.value)
        values = {"status": status.value, "finished": at, "outcome": text}
        with self._engine.begin() as connection:
            if connection.execute(update(campaigns).where(unfinished).values(values)).rowcount:
                return
            kept = _one(connection, campaign)
        if kept is None:
            raise _conflict("a campaign must be started before it finishes", "no such campaign", campaign, "Start it first.")
        if (kept.status, canonical_json(kept.outcome)) != (status, text):
            found = f"{status} {text:.200}"
            raise _conflict("a finished campaign must keep its outcome", found, campaign, "Start a new campaign.")

    @retry_on_outage
    def find(self, campaign: str) -> CampaignRow | None:
        with self._engine.connect() as connection:
            return _one(connection, campaign)

    def all(self) -> tuple[CampaignRow, ...]:
        return self._newest_first(select(campaigns))

    def of_region(self, region: str) -> tuple[CampaignRow, ...]:
        return self._newest_first(select(campaigns).where(campaigns.c.region == region))

    @retry_on_outage
    def _newest_first(self, query: Select[Any]) -> tuple[CampaignRow, ...]:
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return tuple(sorted(map(_row, rows), key=lambda row: (row.started, row.id), reverse=True))


def _one(connection: Connection, campaign: str) -> CampaignRow | None:
    found = connection.execute(select(campaigns).where(campaigns.c.id == campaign)).one_or_none()
    return None if found is None else _row(found)


def _columns(row: CampaignRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "region": row.region,
        "config": canonical_json(dict(row.config)),
        "config_digest": row.config_digest,
        "started": row.started,
        "status": row.status.value,
        "finished": row.finished,
        "outcome": None if row.outcome is None else canonical_json(dict(row.outcome)),
    }


def _row(row: Row[Any]) -> CampaignRow:
    return CampaignRow(
        id=row.id,
        region=row.region,
        config=json.loads(row.config),
        config_digest=row.config_digest,
        started=row.started,
        status=CampaignStatus(row.status),
        finished=row.finished,
        outcome=None if row.outcome is None else json.loads(row.outcome),
    )


def _conflict(rule: str, value: str, campaign: str, remedy: str) -> RecordConflict:
    return RecordConflict(Fault(rule, value, f"campaign {campaign}", remedy))
