"""All SQL stores over one database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from tunegate.adapters.sql_campaigns import SqlCampaignBook
from tunegate.adapters.sql_database import open_database
from tunegate.adapters.sql_records import SqlLedger, SqlVerdictRecords
from tunegate.adapters.sql_results import SqlResultsStore


@dataclass(frozen=True, slots=True)
class SqlStores:
    """The stores, which share connections. Any thread may use them; a forked process must open its own."""

    engine: Engine
    results: SqlResultsStore
    campaigns: SqlCampaignBook
    verdicts: SqlVerdictRecords
    ledger: SqlLedger

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_stores(url: str) -> SqlStores:
    """The stores in the database at a SQLAlchemy URL, e.g. `sqlite:////home/me/.tunegate/results.sqlite`. Raises BadInput."""
    engine = open_database(url)
    return SqlStores(engine, SqlResultsStore(engine), SqlCampaignBook(engine), SqlVerdictRecords(engine), SqlLedger(engine))
