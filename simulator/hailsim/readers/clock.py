"""Local wall clocks and operating days.

Operating days follow the wall clock: second 0 is `day_start_hour` o'clock. When clocks are set back, the repeated hour falls on
the same seconds of the day; when they are set forward, one hour is empty. Every day thus has 86,400 s, and 18:00 is always
18:00.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.model.city import SECONDS_PER_DAY

# No time zone has changed its offset at a finer granularity in the years of taxi records.
_QUARTER_S = 900
EPOCH = date(1970, 1, 1)
# Times outside these years are unreadable: Python's calendar ends within a day of years 1 and 9999.
EARLIEST_S = (date(1900, 1, 1) - EPOCH).days * SECONDS_PER_DAY
LATEST_S = (date(2100, 1, 1) - EPOCH).days * SECONDS_PER_DAY
Ints = NDArray[np.int64]


def find_zone(name: str, place: str) -> ZoneInfo:
    """The IANA time zone of that name. BadInput if unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise refuse("a time zone must be an IANA name", name, place, "Write it like America/New_York.") from error


def wall_seconds(utc_s: Ints, zone: ZoneInfo) -> Ints:
    """Seconds since 1970-01-01 00:00 on the local wall clock."""

    def offset_s(quarter: int) -> int:
        return _offset_s(datetime.fromtimestamp(quarter * _QUARTER_S, tz=UTC).astimezone(zone))

    return utc_s + _per_quarter(utc_s, offset_s)


def utc_seconds(wall_s: Ints, zone: ZoneInfo) -> tuple[Ints, NDArray[np.bool_]]:
    """UTC seconds of local wall-clock seconds, and whether each is unambiguous.

    Times in a repeated or skipped hour are interpreted with the offset before the change.
    """

    def offset_s(quarter: int, fold: int) -> int:
        naive = datetime(1970, 1, 1) + timedelta(seconds=quarter * _QUARTER_S)
        return _offset_s(naive.replace(tzinfo=zone, fold=fold))

    before = _per_quarter(wall_s, lambda quarter: offset_s(quarter, 0))
    after = _per_quarter(wall_s, lambda quarter: offset_s(quarter, 1))
    return wall_s - before, before == after


def operating_day(wall_s: Ints, day_start_hour: int) -> tuple[Ints, Ints]:
    """Operating day of each wall-clock second, as days since 1970-01-01, and the second of that day."""
    shifted = wall_s - day_start_hour * 3600
    return shifted // SECONDS_PER_DAY, shifted % SECONDS_PER_DAY


def date_of(day_number: int) -> date:
    """The date this many days after 1970-01-01."""
    return EPOCH + timedelta(days=int(day_number))


def hour_of_week(wall_s: Ints) -> Ints:
    """Local hour of week, Monday 00h is 0; 1970-01-01 was a Thursday."""
    return (wall_s // 3600 + 3 * 24) % 168


def _offset_s(moment: datetime) -> int:
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError(f"{moment} has no zone")
    return int(offset.total_seconds())


def _per_quarter(seconds: Ints, offset_s: Callable[[int], int]) -> Ints:
    quarters, index = np.unique(seconds // _QUARTER_S, return_inverse=True)
    return np.array([offset_s(int(quarter)) for quarter in quarters], dtype=np.int64)[index]
