"""Summarise a source's cab trips and vacant runs by operating day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.model.cab_days import BIN_M, BIN_S, HOURS, METRE_BINS, SECOND_BINS, CabDay, Histogram, histogram
from hailsim.readers.clock import date_of
from hailsim.readers.source import NO_CAB

HOUR_S = 3600
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


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
    occupied_s, vacant_s = seconds_by_hour(trips, days), seconds_by_hour(vacant, days)
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
                search_s=histogram(search.duration_s[sought], BIN_S, SECOND_BINS),
                trip_s=histogram(begun.duration_s, BIN_S, SECOND_BINS),
                trip_m=_distances(begun),
            )
        )
    return tuple(found)


def _distances(trips: CabIntervals) -> Histogram:
    metres = trips.distance_m if trips.distance_m is not None else np.zeros(0)
    return histogram(metres, BIN_M, METRE_BINS)


def seconds_by_hour(runs: CabIntervals, days: int) -> Floats:
    """Cab seconds float64[days, 24] by operating day and hour; what lies outside the covered days is left out."""
    totals = np.zeros(days * HOURS)
    hour, into, left = runs.day * HOURS + runs.second // HOUR_S, runs.second % HOUR_S, runs.duration_s.copy()
    while len(left):
        here = np.minimum(left, HOUR_S - into)
        inside = (hour >= 0) & (hour < days * HOURS)
        totals += np.bincount(hour[inside], here[inside], minlength=days * HOURS)
        left = left - here
        going = left > 0
        hour, left = hour[going] + 1, left[going]
        into = np.zeros(len(left), np.int64)
    return totals.reshape(days, HOURS)
