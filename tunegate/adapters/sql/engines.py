"""Opening a SQL database by its URL, with the settings that every connection of ours has. Passwords are never repeated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from tunegate.domain.errors import BadInput, Fault

MYSQL = "mysql+pymysql"
SQLITE = "sqlite"

BUSY_TIMEOUT_MS = 30_000

# Without a limit, pymysql waits for ever on a network that swallows packets. InnoDB waits 50 s for a lock.
_MYSQL_TIMEOUTS_S = {"connect_timeout": 10, "read_timeout": 60, "write_timeout": 60}

# A machine that vanished without a word keeps its locks until the server misses it. We are never idle while we hold one.
_IDLE_S = 60
MYSQL_SETTINGS: Mapping[str, Any] = {
    "connect_args": {"init_command": f"SET SESSION wait_timeout = {_IDLE_S}"},
    # Read committed takes no locks on gaps, over which inserts of unrelated campaigns would deadlock.
    "isolation_level": "READ COMMITTED",
    "hide_parameters": True,
    "pool_pre_ping": True,  # A connection that an outage broke is replaced before it is used.
    "pool_recycle": _IDLE_S - 10,
    "pool_use_lifo": True,  # Connections of a busy moment are left to idle out.
    "pool_size": 2,
    "max_overflow": 8,
    "pool_timeout": 60,
}


def engine_of(url: str, use: str) -> Engine:
    """An engine for the SQLAlchemy URL of a `use` ("the results database"); connects to nothing yet. Raises BadInput."""
    parsed = parsed_url(url, use)
    if parsed.drivername == SQLITE:
        engine = create_engine(parsed, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    try:
        return create_engine(parsed, **MYSQL_SETTINGS)
    except ModuleNotFoundError as error:
        rule, remedy = "a MySQL database needs its driver", "Install tunegate with its extra `team`."
        raise BadInput(Fault(rule, f"no module {error.name}", use, remedy)) from None


def parsed_url(url: str, use: str) -> URL:
    """The URL with time-outs added to MySQL's. Raises BadInput for what is neither SQLite nor MySQL through pymysql."""
    remedy = f"Write {SQLITE}:////home/me/results.sqlite or {MYSQL}://USER:PASSWORD@HOST:3306/DATABASE."
    try:
        parsed = make_url(url)
    except ArgumentError:
        # Neither the URL nor what SQLAlchemy says of it is repeated: both may hold a password.
        raise BadInput(Fault("a database URL must be one SQLAlchemy reads", "one it refuses", use, remedy)) from None
    if parsed.drivername not in {SQLITE, MYSQL}:
        raise BadInput(Fault(f"a database must be {SQLITE} or {MYSQL}", parsed.drivername, use, remedy))
    if parsed.drivername == MYSQL:
        if not parsed.database:
            raise BadInput(Fault("a MySQL URL must name a database", shown(parsed), use, remedy))
        parsed = parsed.update_query_dict({name: str(s) for name, s in _MYSQL_TIMEOUTS_S.items() if name not in parsed.query})
    return parsed


def shown(url: URL) -> str:
    """The URL as people may see it."""
    return url.set(query={}).render_as_string(hide_password=True)


def make_folder(engine: Engine) -> None:
    """The folder of a SQLite file. Raises OSError."""
    if engine.dialect.name == SQLITE:
        Path(engine.url.database or "").parent.mkdir(parents=True, exist_ok=True)


def is_missing(engine: Engine) -> bool:
    """Whether the SQLite file behind an engine is missing or empty, which connecting would change."""
    file = Path(engine.url.database or "")
    return engine.dialect.name == SQLITE and not (file.is_file() and file.stat().st_size)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    # Readers do not wait for the writer, and a commit is one write to the log.
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
