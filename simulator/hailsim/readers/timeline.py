"""The clock of an import: the operating days of a source's trips, and which of these days are covered."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hailsim.model.cab_days import Ints
from hailsim.readers.clock import operating_day, wall_seconds
from hailsim.readers.days import Coverage


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the T trips of the source begin, on the clock of the city.

    wall_s: int64[T] seconds since 1970 on the local clock. day: int64[T] operating days since the first covered one.
    second: int64[T] of the operating day. start_hour: local hour at which an operating day begins.
    """

    wall_s: Ints
    day: Ints
    second: Ints
    zone: ZoneInfo
    start_hour: int
    coverage: Coverage

    def operating_days(self, utc_s: Ints) -> tuple[Ints, Ints]:
        """The operating days, counted from the first covered one, and the seconds of the day of these UTC seconds."""
        day, second = operating_day(wall_seconds(utc_s, self.zone), self.start_hour)
        return day - self.coverage.first, second
