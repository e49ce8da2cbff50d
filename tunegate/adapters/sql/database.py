"""Opening a database, and the one statement whose form depends on which it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, inspect, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.dml import Insert

from tunegate.adapters.sql.engines import engine_of, is_missing, make_folder, shown
from tunegate.adapters.sql.outages import retry
from tunegate.adapters.sql.tables import EXTENDABLE_VERSIONS, MYSQL_NAMES, SCHEMA_VERSION, metadata, schema_version
from tunegate.domain.errors import BadInput, DatabaseUnreachable, Fault

# A worker may start in the middle of an outage; a person who mistyped a host need not wait as long as a campaign does.
OPENING_RETRY_S = 40.0
_IN_MEMORY = "sqlite://"


def open_database(url: str, *, create: bool = True) -> Engine:
    """An engine for a SQLAlchemy URL whose tables are there. Raises BadInput.

    Tables that are missing are created. With `create` False a database that has none is not touched: an empty one in memory
    takes its place, for whoever only reads. One of an older schema version is extended in either case.
    """
    engine = engine_of(url, "the results database")
    place = shown(engine.url)
    try:
        version = retry(lambda: _stored_version(engine), OPENING_RETRY_S)
        if version is None and not create:
            engine.dispose()
            engine = engine_of(_IN_MEMORY, "the results database")
        if version != SCHEMA_VERSION:
            make_folder(engine)
            retry(lambda: _prepare_tables(engine, place), OPENING_RETRY_S)
    except (DatabaseError, DatabaseUnreachable, OSError) as error:
        engine.dispose()
        match error:
            case DatabaseError():
                found = str(error.orig)
            case DatabaseUnreachable():
                found = error.fault.value
            case _:
                found = str(error)
        remedy = "Look at its path, rights and server; a file that is no database must be moved away."
        raise BadInput(Fault("the results database must open", found, place, remedy)) from error
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
    if dialect_name in MYSQL_NAMES:
        from sqlalchemy.dialects import mysql  # noqa: PLC0415 - slow to import, and one machine does without

        key = next(iter(table.primary_key.columns))
        # Not INSERT IGNORE: that would also swallow values that are too long or missing.
        return mysql.insert(table).on_duplicate_key_update({key.name: key})
    raise NotImplementedError(f"no insert-if-absent for {dialect_name}")


def _stored_version(engine: Engine) -> int | None:
    """The schema version of a database; None where it has no tables of ours. Creates no file."""
    if is_missing(engine):
        return None
    with engine.connect() as connection:
        if not inspect(connection).has_table(schema_version.name):
            return None
        return connection.execute(select(schema_version.c.version)).scalar_one_or_none()


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
