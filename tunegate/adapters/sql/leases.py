"""Leases in SQL. The database's clock decides, in the same statement that acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Double, Engine, delete, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from tunegate.adapters.sql.database import insert_if_absent
from tunegate.adapters.sql.outages import retry_on_outage
from tunegate.adapters.sql.tables import leases


class NowS(FunctionElement[float]):
    """Seconds since 1970 by the clock of the database."""

    name = "now_s"
    type = Double()
    inherit_cache = True


@compiles(NowS, "sqlite")
def _now_s_of_sqlite(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(NowS, "mysql")
def _now_s_of_mysql(*_: Any, **__: Any) -> str:
    # UNIX_TIMESTAMP would read the time of day in the session's zone, which has one hour twice a year.
    return "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1e6)"


class SqlLeases:
    """Implements the port `Leases`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retry_on_outage
    def acquire(self, name: str, holder: str, ttl_s: float) -> bool:
        taken = {"holder": holder, "until_s": NowS() + _positive(ttl_s)}
        free = (leases.c.holder == holder) | (leases.c.until_s <= NowS())
        with self._engine.begin() as connection:
            # Born expired: then one statement decides, whether the row was there or not.
            insert_if_absent(connection, leases, [{"name": name, "holder": holder, "until_s": 0.0}])
            return connection.execute(update(leases).where(leases.c.name == name, free).values(taken)).rowcount == 1

    @retry_on_outage
    def release(self, name: str, holder: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))

    @retry_on_outage
    def holder(self, name: str) -> str | None:
        query = select(leases.c.holder).where(leases.c.name == name, leases.c.until_s > NowS())
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    @retry_on_outage
    def live(self, prefix: str) -> Mapping[str, str]:
        # From the prefix on, because LIKE of SQLite takes `A` for `a`.
        query = select(leases.c.name, leases.c.holder).where(leases.c.name >= prefix, leases.c.until_s > NowS())
        with self._engine.connect() as connection:
            return {name: holder for name, holder in connection.execute(query).all() if name.startswith(prefix)}


def _positive(ttl_s: float) -> float:
    if ttl_s <= 0:
        raise ValueError(f"`0 < ttl_s` must hold, but got {ttl_s}")
    return ttl_s
