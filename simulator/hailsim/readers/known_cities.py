"""Built-in defaults for some cities, found by coordinates: time zone, driving side, tariff, holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from hailsim.model.city import Fare
from hailsim.readers.tariffs import TARIFFS


@dataclass(frozen=True, slots=True)
class KnownCity:
    """A city with default settings, identified by its bounding box in degrees. Every default can be overridden."""

    name: str
    south_west_north_east: tuple[float, float, float, float]
    timezone: str
    driving_side: Literal["left", "right"]
    tariff: Fare
    us_holidays: bool

    def holds(self, lat_deg: float, lon_deg: float) -> bool:
        """Whether the point lies in the bounding box."""
        south, west, north, east = self.south_west_north_east
        return south <= lat_deg <= north and west <= lon_deg <= east


def us_holidays(year: int) -> frozenset[date]:
    """Federal holidays of the United States on their own dates (as of before 2021)."""
    return frozenset(
        {
            date(year, 1, 1),
            _weekday_of(year, 1, 0, 3),  # Martin Luther King
            _weekday_of(year, 2, 0, 3),  # Washington's birthday
            _weekday_of(year, 6, 0, 1) - timedelta(days=7),  # Memorial Day, the last Monday of May
            date(year, 7, 4),
            _weekday_of(year, 9, 0, 1),  # Labor Day
            _weekday_of(year, 10, 0, 2),  # Columbus Day
            date(year, 11, 11),
            _weekday_of(year, 11, 3, 4),  # Thanksgiving
            date(year, 12, 25),
        }
    )


def _weekday_of(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


KNOWN_CITIES = (
    KnownCity(
        "san_francisco",
        (37.60, -122.60, 37.90, -122.30),
        "America/Los_Angeles",
        "right",
        TARIFFS["san_francisco_2008"],
        us_holidays=True,
    ),
    KnownCity(
        "new_york", (40.45, -74.30, 41.00, -73.65), "America/New_York", "right", TARIFFS["new_york_2012"], us_holidays=True
    ),
)


def known_city_at(lat_deg: float, lon_deg: float) -> KnownCity | None:
    """The known city that contains the point, if any."""
    return next((known_city for known_city in KNOWN_CITIES if known_city.holds(lat_deg, lon_deg)), None)
