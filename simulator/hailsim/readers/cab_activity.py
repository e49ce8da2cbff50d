"""Summarise a source's cab trips and vacant runs by operating day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.model.cab_days import (
    HOUR_S,
    HOURS,
    CabDay,
    Floats,
    Ints,
    histogram_of_metres,
    histogram_of_seconds,
    seconds_by_hour,
)
from hailsim.model.city import SECONDS_PER_DAY
from hailsim.readers.clock import date_of
from hailsim.readers.source import NO_CAB


@dataclass(frozen=True, slots=True)
class CabIntervals:
    """Time intervals of cabs: cab, day (0 is the first covered), second of the day, duration_s: int64[R].

    distance_m: float64[R] recorded metres, or None.
    """

    cab: Ints
    day: Ints
    second: Ints
    duration_s: Ints
    distance_m: Floats | None

    def select(self, chosen: NDArray[np.bool_]) -> CabIntervals:
        """A subset."""
        distance_m = None if self.distance_m is None else self.distance_m[chosen]
        return CabIntervals(self.cab[chosen], self.day[chosen], self.second[chosen], self.duration_s[chosen], distance_m)


def observe(
    trips: CabIntervals, vacant: CabIntervals, ends_in_pickup: NDArray[np.bool_], first_day: int, days: int
) -> tuple[CabDay, ...]:
    """Every covered day. `first_day`: days since 1970-01-01; ends_in_pickup bool[R] marks vacant runs that are searches."""
    occupied_s, vacant_s = _activity(trips, days), _activity(vacant, days)
    ended = vacant.second + vacant.duration_s
    search = vacant.select(ends_in_pickup)
    # Like trips, a search counts in the day and hour of the pickup that ends it.
    search_day, search_hour = np.divmod(search.day * HOURS + ended[ends_in_pickup] // HOUR_S, HOURS)
    found = []
    for day in range(days):
        begun, empty, sought = trips.select(trips.day == day), vacant.select(vacant.day == day), search_day == day
        found.append(
            CabDay(
                day=date_of(first_day + day),
                cabs=len(np.setdiff1d(np.concatenate([begun.cab, empty.cab]), [NO_CAB])),
                occupied_s=occupied_s[day],
                vacant_s=vacant_s[day],
                vacant_m=None if empty.distance_m is None else float(empty.distance_m.sum()),
                searches=np.bincount(search_hour[sought], minlength=HOURS),
                search_sum_s=np.bincount(search_hour[sought], search.duration_s[sought], minlength=HOURS).astype(np.float64),
                search_s=histogram_of_seconds(search.duration_s[sought]),
                trip_s=histogram_of_seconds(begun.duration_s),
                trip_m=histogram_of_metres(np.zeros(0) if begun.distance_m is None else begun.distance_m),
            )
        )
    return tuple(found)


def _activity(runs: CabIntervals, days: int) -> Floats:
    """Cab seconds float64[days, 24] by operating day and hour; what lies outside the covered days is left out."""
    from_s = runs.day * SECONDS_PER_DAY + runs.second
    return seconds_by_hour(from_s, from_s + runs.duration_s, days * HOURS).reshape(days, HOURS)
