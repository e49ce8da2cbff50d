"""`python -m cli.local_server.prefect_server server start …`: Prefect's own server, put right in two places.

On SQLite, writers wait for each other. A transaction that reads first and writes later loses there when another one wrote in
between, and no time-out helps: the API answers 503 and its client sleeps 2 s. Prefect begins most of its transactions that
way. Begun as writers, they queue for the moment it takes (docs/adr/0011-one-command-for-a-team.md has the figures). The
database's configuration is where Prefect lets itself be told how transactions begin.

On every database, schedules are kept. Prefect 3.8 inserts scheduled runs with their state beside them, which SQLAlchemy 2.0
passed over and 2.1 refuses, so that no cron ever fires; it is told to pass over it again.
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


class WaitingWriters(AioSqliteConfiguration):
    """SQLite whose transactions take the write lock when they begin."""

    @asynccontextmanager
    async def begin_transaction(self, session: Any, with_for_update: bool = True) -> AsyncGenerator[Any]:  # noqa: ARG002
        """A transaction that waits for the others, whatever was asked for."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def _pass_over(_table: type[FlowRun], _values: dict[str, Any], _state: Any) -> None:
    """States have rows of their own, which Prefect writes after those of runs."""


if __name__ == "__main__":
    database: str = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if database.startswith("sqlite"):
        MODELS_DEPENDENCIES["database_config"] = WaitingWriters(database)
    state: Any = FlowRun.__mapper__.all_orm_descriptors["state"]
    state.bulk_dml_setter = _pass_over
    app()
