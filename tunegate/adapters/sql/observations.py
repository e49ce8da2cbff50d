"""Observations in a table or view of a SQL database that is somebody else's: it is only read."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping, Select, column, create_engine, literal_column, select, table
from sqlalchemy.exc import DatabaseError

from tunegate.adapters.observation_rows import missing_columns, observations_of
from tunegate.adapters.sql.engines import SQLITE, engine_of, parsed_url
from tunegate.adapters.sql.outages import is_transient, retry
from tunegate.domain.errors import BadInput, Fault
from tunegate.experiment.observations import Observation

_USE = "the database of observations"
# A monitor that finds the database away looks again at its next run.
_RETRY_S = 40.0


class ObservationTableReader:
    """Implements the port `Observations`."""

    def __init__(self, url: str, name: str) -> None:
        self._engine = _read_only_engine(url)
        self._name = name

    def read(self, region: str, since: datetime, until: datetime) -> tuple[Observation, ...]:
        wanted: Select[Any] = select(literal_column("*")).select_from(table(self._name)).where(column("region") == region)
        place = f"table {self._name}"

        def ask() -> tuple[list[str], list[RowMapping]]:
            with self._engine.connect() as connection:
                result = connection.execute(wanted)
                return list(result.keys()), list(result.mappings().all())

        try:
            names, rows = retry(ask, _RETRY_S)
        except DatabaseError as error:
            if is_transient(error):
                raise
            rule, remedy = "observations must be in a table", "Create it, or correct rollout_plan.observations."
            raise BadInput(Fault(rule, str(error.orig), place, remedy)) from error
        faults = missing_columns(names, place)
        if faults:
            raise BadInput(*faults)
        return observations_of(((_place(place, row), _cells(row)) for row in rows), region, since, until)


def _place(name: str, row: RowMapping) -> str:
    return f"{name}, window {row['window_start']}, arm {row['arm']}"


def _cells(row: RowMapping) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _read_only_engine(url: str) -> Engine:
    parsed = parsed_url(url, _USE)
    if parsed.drivername != SQLITE:
        return engine_of(url, _USE)

    def connect() -> Any:
        return sqlite3.connect(f"file:{parsed.database}?mode=ro", uri=True, check_same_thread=False)

    return create_engine("sqlite://", creator=connect)
