"""A study in MySQL, shared by machines.

The lock is a named lock of the server (`GET_LOCK`), and everything that is read or written under it uses the connection that
holds it. The server releases the lock when that connection ends, so a process that lost the lock cannot write, and no time-out
has to be chosen. The caller retries from the start what a lost connection interrupted.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from optuna.storages import RDBStorage
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from tunegate.adapters.optuna.shared_cache import SharedStudyCache
from tunegate.adapters.sql.engines import MYSQL_SETTINGS, engine_of, shown
from tunegate.adapters.sql.outages import ConnectionLost, is_transient
from tunegate.domain.errors import BadInput, DatabaseUnreachable, Fault

# An ask takes a fraction of a second and waiters are served in order: a thousand may be queued.
LOCK_TIMEOUT_S = 300.0
# Wait per statement, shorter than the read time-out of the connection.
_ONE_WAIT_S = 20


class NamedLock:
    """A `StudyLock` of all machines. Threads of one process queue first, so together they need one connection."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._threads = threading.Lock()
        self._held_by_thread = threading.local()

    @contextmanager
    def acquire(self) -> Generator[None]:
        """Hold the lock for the length of a `with` block. Raises DatabaseUnreachable after `LOCK_TIMEOUT_S`."""
        if self.connection is not None:
            raise RuntimeError("a study's lock must not be taken by the thread that holds it")
        with self._threads, self._engine.connect() as connection:
            self._wait_for(connection)
            self._held_by_thread.connection = connection
            try:
                yield
            finally:
                self._held_by_thread.connection = None
                self._release(connection)

    @property
    def connection(self) -> Connection | None:
        """The connection that holds the lock for this thread, if it does. Raises ConnectionLost when that ended."""
        connection: Connection | None = getattr(self._held_by_thread, "connection", None)
        if connection is not None and connection.invalidated:
            # SQLAlchemy would open another, which holds nothing.
            raise ConnectionLost("the connection that held the study's lock ended")
        return connection

    def _wait_for(self, connection: Connection) -> None:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            got = connection.execute(
                text("SELECT GET_LOCK(:name, :wait_s)"), {"name": self._name, "wait_s": _ONE_WAIT_S}
            ).scalar()
            # The lock is the connection's and outlives this transaction.
            connection.commit()
            if got == 1:
                return
            if time.monotonic() > deadline:
                rule, remedy = "a study must be free within some minutes", "See SHOW PROCESSLIST for a connection that hangs."
                found = f"a lock held by others for {LOCK_TIMEOUT_S:.0f} s"
                raise DatabaseUnreachable(Fault(rule, found, f"lock {self._name}", remedy))

    def _release(self, connection: Connection) -> None:
        if connection.invalidated:
            return
        try:
            connection.rollback()
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": self._name})
            connection.commit()
        except DBAPIError as error:
            # All writes are committed; the lock ends with its connection.
            connection.invalidate()
            if not is_transient(error):
                raise


def open_mysql(url: str, study: str) -> tuple[SharedStudyCache, NamedLock]:
    """The storage at a `mysql+pymysql` URL, its tables created if missing, and the lock of one study in it.

    Raises BadInput for a URL that is wrong, and SQLAlchemy's errors while the database is unavailable.
    """
    engine = engine_of(url, "the study's database")
    place = shown(engine.url)
    try:
        storage = _storage(engine, lock_name(place, "tables"))
    except DatabaseError as error:
        if is_transient(error):
            raise
        rule, remedy = "the study's database must open", "Look at its name, user and rights."
        raise BadInput(Fault(rule, str(error.orig), place, remedy)) from error
    storage.engine.dispose()
    lock = NamedLock(engine, lock_name(place, f"study {study}"))
    storage.scoped_session = scoped_session(sessionmaker(bind=engine, class_=_session_class(lock)))
    return SharedStudyCache(storage, lambda: lock.connection), lock


def _storage(engine: Engine, tables_lock: str) -> RDBStorage:
    url, settings = engine.url.render_as_string(hide_password=False), dict(MYSQL_SETTINGS)
    # A thousand workers that start at once need not queue for tables that exist.
    if _has_tables(engine):
        return RDBStorage(url, settings, skip_table_creation=True)
    # Two processes must not create the tables at once.
    with NamedLock(engine, tables_lock).acquire():
        return RDBStorage(url, settings)


def _has_tables(engine: Engine) -> bool:
    """Whether Optuna's tables are complete: the row of its schema's version is written after all of them."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return bool(connection.execute(text("SELECT COUNT(*) FROM alembic_version")).scalar_one())


def lock_name(place: str, what: str) -> str:
    """At most 64 characters, and different for each database and study: names are the whole server's."""
    return "tunegate-" + hashlib.sha256(f"{place} {what}".encode()).hexdigest()[:40]


def _session_class(lock: NamedLock) -> type[Session]:
    class LockBound(Session):
        """A session that works over the connection which holds the lock, in the thread that holds it."""

        def get_bind(self, *arguments: Any, **named: Any) -> Engine | Connection:
            return lock.connection or super().get_bind(*arguments, **named)

    return LockBound
