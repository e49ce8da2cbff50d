"""Opening a database, and the one statement whose form depends on which it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, select, update
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.dml import Insert

from tunegate.adapters.sql_tables import EXTENDABLE_VERSIONS, SCHEMA_VERSION, metadata, schema_version
from tunegate.domain.errors import BadInput, Fault

BUSY_TIMEOUT_MS = 30_000
_MYSQL_NAMES = ("mysql", "mariadb")


def open_database(url: str) -> Engine:
    """An engine for a SQLAlchemy URL, its tables created if they were not there. Raises BadInput."""
    try:
        parsed = make_url(url)
        engine = create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, ModuleNotFoundError) as error:
        # Neither the URL nor what SQLAlchemy says of it is repeated: both may hold a password.
        found = f"one it refuses ({type(error).__name__})"
        remedy = "Write e.g. sqlite:////home/me/results.sqlite; for another database install its driver, too."
        raise BadInput(Fault("a database URL must be one SQLAlchemy reads", found, "the results database", remedy)) from None
    shown = parsed.render_as_string(hide_password=True)
    try:
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        _prepare_tables(engine, shown)
    except (DatabaseError, OSError) as error:
        engine.dispose()
        found = str(error.orig if isinstance(error, DatabaseError) else error)
        remedy = "Look at its path, rights and server; a file that is no database must be moved away."
        raise BadInput(Fault("the results database must open", found, shown, remedy)) from error
    return engine


def insert_if_absent(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet and leave the others as they are; the seam between SQL dialects.

    Comes first in each transaction here. SQLite then takes the write lock at once and waits for it (`busy_timeout`), whereas a
    transaction that has read before it writes fails when another wrote between.
    """
    if rows:
        connection.execute(absent_rows_insert(table, connection.dialect.name), list(rows))


def absent_rows_insert(table: Table, dialect_name: str) -> Insert:
    """The statement of `insert_if_absent`."""
    if dialect_name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    if dialect_name in _MYSQL_NAMES:
        key = next(iter(table.primary_key.columns))
        # Not INSERT IGNORE: that would also swallow values that are too long or missing.
        return mysql.insert(table).on_duplicate_key_update({key.name: key})
    raise NotImplementedError(f"no insert-if-absent for {dialect_name}")


def _prepare_tables(engine: Engine, place: str) -> None:
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            # If not exists, because several processes may meet a new database at once.
            connection.execute(CreateTable(table, if_not_exists=True))
        insert_if_absent(connection, schema_version, [{"id": 1, "version": SCHEMA_VERSION}])
        extendable = schema_version.c.version.in_(EXTENDABLE_VERSIONS)
        connection.execute(update(schema_version).where(extendable).values(version=SCHEMA_VERSION))
        found = connection.execute(select(schema_version.c.version)).scalar_one()
    if found != SCHEMA_VERSION:
        engine.dispose()
        remedy = "Use the tunegate that wrote it, or another database."
        raise BadInput(Fault(f"the results database must have schema version {SCHEMA_VERSION}", str(found), place, remedy))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    # Readers do not wait for the writer, and a commit is one write to the log.
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
