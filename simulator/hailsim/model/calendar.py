"""Operating days, day types and travel-time factors by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hailsim.model.city import HOURS_PER_WEEK, City

HOURS = 24


class DayType(IntEnum):
    """Operating days with a similar demand profile. A Friday's operating day includes the night to Saturday."""

    MONDAY_TO_THURSDAY = 0
    FRIDAY = 1
    SATURDAY = 2
    SUNDAY_OR_HOLIDAY = 3


# Substitutes, most similar first, when the history has no day of a type.
SIMILAR_TYPES = {
    DayType.MONDAY_TO_THURSDAY: (DayType.FRIDAY, DayType.SUNDAY_OR_HOLIDAY, DayType.SATURDAY),
    DayType.FRIDAY: (DayType.SATURDAY, DayType.MONDAY_TO_THURSDAY, DayType.SUNDAY_OR_HOLIDAY),
    DayType.SATURDAY: (DayType.FRIDAY, DayType.SUNDAY_OR_HOLIDAY, DayType.MONDAY_TO_THURSDAY),
    DayType.SUNDAY_OR_HOLIDAY: (DayType.SATURDAY, DayType.MONDAY_TO_THURSDAY, DayType.FRIDAY),
}


@dataclass(frozen=True, slots=True)
class History:
    """The operating days a recommender may be trained on, both ends included."""

    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Every day, in order."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)


def day_type(city: City, day: date) -> DayType:
    """The day type of a date in this city."""
    if day in city.holidays or day.weekday() == 6:
        return DayType.SUNDAY_OR_HOLIDAY
    return {4: DayType.FRIDAY, 5: DayType.SATURDAY}.get(day.weekday(), DayType.MONDAY_TO_THURSDAY)


def hours_of_week(city: City, day: date) -> NDArray[np.int64]:
    """The local hour of week (Monday 00h is 0) of each of the 24 hours of an operating day."""
    start = day.weekday() * HOURS + city.day_start_hour
    return (start + np.arange(HOURS)) % HOURS_PER_WEEK


def factors(city: City, day: date, traffic_factor: float = 1.0) -> NDArray[np.float32]:
    """Travel-time factor by hour of the operating day, float32[24]; `traffic_factor` times the city's own."""
    own = np.ascontiguousarray(city.travel_time_factor[hours_of_week(city, day)], np.float32)
    return own * np.float32(traffic_factor)
