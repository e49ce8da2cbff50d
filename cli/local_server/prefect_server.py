"""`python -m cli.local_server.prefect_server server start …`: Prefect's own server with two corrections.

On SQLite, a transaction that reads first and writes later fails when another one wrote in between, whatever the time-out: the
API answers 503 and its client sleeps 2 s. Prefect begins most of its transactions that way. Begun as writers, they queue
instead (docs/adr/0011-one-command-for-a-team.md has the figures). The database configuration says how transactions begin.

On every database, schedules work. Prefect 3.8 inserts scheduled runs together with their state, which SQLAlchemy 2.0 ignored
and 2.1 refuses, so that no cron ever fires; here it is ignored again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from prefect.cli import app
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES
from prefect.server.database.orm_models import FlowRun
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL


class QueuedWriters(AioSqliteConfiguration):
    """SQLite whose transactions take the write lock when they begin."""

    @asynccontextmanager
    async def begin_transaction(self, session: Any, with_for_update: bool = True) -> AsyncGenerator[Any]:  # noqa: ARG002
        """Begin a transaction as a writer, whatever was asked for."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def _ignore_state(_table: type[FlowRun], _values: dict[str, Any], _state: Any) -> None:
    """Do nothing: Prefect writes the rows of states after those of runs."""


if __name__ == "__main__":
    database: str = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if database.startswith("sqlite"):
        MODELS_DEPENDENCIES["database_config"] = QueuedWriters(database)
    state: Any = FlowRun.__mapper__.all_orm_descriptors["state"]
    state.bulk_dml_setter = _ignore_state
    app()
