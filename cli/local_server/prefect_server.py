"""`python -m cli.local_server.prefect_server`: Prefect's own server behind our rules of access, with two corrections.

Its secret is PREFECT_SERVER_API_AUTH_STRING, without which it does not start.

On SQLite, a transaction that reads first and writes later fails when another one wrote in between, whatever the time-out: the
API answers 503 and its client sleeps 2 s. Prefect begins most of its transactions that way. Begun as writers, they queue
instead (docs/adr/0011-one-command-for-a-team.md has the figures). The database configuration says how transactions begin.

On every database, schedules work. Prefect 3.8 inserts scheduled runs together with their state, which SQLAlchemy 2.0 ignored
and 2.1 refuses, so that no cron ever fires; here it is ignored again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from prefect.server.api.server import create_app
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES
from prefect.server.database.orm_models import FlowRun
from prefect.settings import get_current_settings

from cli.exit_codes import EXIT_BAD_INPUT
from cli.local_server.access import LOOPBACK, Access
from cli.local_server.guard import GuardedServer
from cli.terminal import print_note
from tunegate.domain.errors import Fault


class QueuedWriters(AioSqliteConfiguration):
    """SQLite whose transactions take the write lock when they begin."""

    @asynccontextmanager
    async def begin_transaction(self, session: Any, with_for_update: bool = True) -> AsyncGenerator[Any]:  # noqa: ARG002
        """Begin a transaction as a writer, whatever was asked for."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def _ignore_state(_table: type[FlowRun], _values: dict[str, Any], _state: Any) -> None:
    """Do nothing: Prefect writes the rows of states after those of runs."""


def _correct(database: str) -> None:
    """Install the two corrections for a server on this database."""
    if database.startswith("sqlite"):
        MODELS_DEPENDENCIES["database_config"] = QueuedWriters(database)
    state: Any = FlowRun.__mapper__.all_orm_descriptors["state"]
    state.bulk_dml_setter = _ignore_state


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="prefect_server")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=int, default=4200)
    parser.add_argument("--name", action="append", default=[], help="one more name that it may be asked by")
    parser.add_argument("--tickets", type=Path, help="the home whose links sign browsers in; without it pages are public")
    return parser.parse_args()


def main() -> int:
    """Serve until the process ends."""
    arguments, settings = _arguments(), get_current_settings().server
    secret, database = settings.api.auth_string, settings.database.connection_url
    if secret is None or not secret.get_secret_value():
        remedy = "Set it to a long random text, and PREFECT_API_AUTH_STRING to the same for clients."
        print_note(f"error: {Fault('a server must have a secret', 'none', 'PREFECT_SERVER_API_AUTH_STRING', remedy)}")
        return EXIT_BAD_INPUT
    _correct("" if database is None else database.get_secret_value())
    guarded = GuardedServer(
        create_app(final=True),
        Access(secret.get_secret_value(), LOOPBACK | set(arguments.name)),
        tickets=arguments.tickets,
        public_pages=arguments.tickets is None,
    )
    uvicorn.run(
        guarded,
        host=arguments.host,
        port=arguments.port,
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
