"""From a row of whatever kind of table to an observation, or to what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tunegate.domain.errors import BadInput, Fault
from tunegate.experiment.observations import Observation

COLUMNS = (
    "region",
    "window_start",
    "arm",
    "revenue_minor",
    "driver_hours",
    "trips",
    "version",
    "recorded_at",
    "currency",
)
MOST_FAULTS = 20
_REMEDY = "Correct it where it is written; docs/observations.md describes every column."

Located = tuple[str, Mapping[str, Any]]
"""A row, and where it is for people."""


def observations_of(rows: Iterable[Located], region: str, since: datetime, until: datetime) -> tuple[Observation, ...]:
    """The observations of the region whose windows began in the span. Raises BadInput with the first MOST_FAULTS faults.

    A row of another region is not looked at; one whose region or window cannot be told is a fault.
    """
    found: list[Observation] = []
    faults: list[Fault] = []
    for place, row in rows:
        if row.get("region") not in {region, None, ""}:
            continue
        try:
            observation = _observation(row)
        except _Unreadable as error:
            faults.append(Fault(error.rule, error.found, place, _REMEDY))
            continue
        if since <= observation.window_start < until:
            found.append(observation)
    if faults:
        left = len(faults) - MOST_FAULTS
        more = [] if left <= 0 else [Fault("every row must be readable", f"{left} more that are not", "the same", _REMEDY)]
        raise BadInput(*faults[:MOST_FAULTS], *more)
    return tuple(found)


def missing_columns(names: Iterable[str], place: str) -> tuple[Fault, ...]:
    """A fault for every column that is not there."""
    given = set(names)
    return tuple(
        Fault(f"observations must have a column {name}", "none", place, _REMEDY) for name in COLUMNS if name not in given
    )


class _Unreadable(Exception):
    def __init__(self, rule: str, found: object) -> None:
        super().__init__(rule)
        self.rule = rule
        self.found = repr(found)[:80]


def _observation(row: Mapping[str, Any]) -> Observation:
    return Observation(
        region=_text(row, "region"),
        window_start=_instant(row, "window_start"),
        arm=_text(row, "arm"),
        revenue_minor=_whole(row, "revenue_minor", least=0),
        driver_hours=_number("driver_hours", row.get("driver_hours"), least=0.0),
        trips=_whole(row, "trips", least=0),
        version=_whole(row, "version", least=1),
        recorded_at=_instant(row, "recorded_at"),
        currency=_text(row, "currency"),
        metrics={
            name: _number(name, value)
            for name, value in row.items()
            if name not in COLUMNS and value is not None and value != ""
        },
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _Unreadable(f"`{name}` must be text", value)
    return value.strip()


def _instant(row: Mapping[str, Any], name: str) -> datetime:
    value = row.get(name)
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise _Unreadable(f"`{name}` must be an instant such as 2026-03-01T08:00:00+00:00", value) from None
    if instant.tzinfo is None:
        raise _Unreadable(f"`{name}` must have a zone, such as 2026-03-01T08:00:00+00:00", value)
    return instant


def _whole(row: Mapping[str, Any], name: str, *, least: int) -> int:
    number = _number(name, row.get(name), least=least)
    if not float(number).is_integer():
        raise _Unreadable(f"`{name}` must be a whole number", row.get(name))
    return int(number)


def _number(name: str, value: object, *, least: float = -math.inf) -> float:
    """Integers keep their type, so that money is not rounded."""
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            value = _float(name, str(value))
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _Unreadable(f"`{name}` must be a finite number", value)
    if value < least:
        raise _Unreadable(f"`{name}` must be at least {least:g}", value)
    return value


def _float(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _Unreadable(f"`{name}` must be a number", text) from None
