"""Fleet size and working hours, from cabs' trips and vacant runs if the source identifies cabs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hailsim.model.cab_days import HOURS, Ints, seconds_by_hour
from hailsim.model.city import SECONDS_PER_DAY, Fleet
from hailsim.readers.source import NO_CAB

# Default working day: share of taxis active by local hour from 00h, as measured in San Francisco in 2008 (two shifts, fewest
# taxis before dawn).
DEFAULT_ACTIVE_PERCENT = (54, 47, 37, 23, 20, 21, 32, 39, 48, 50, 48, 46, 48, 52, 50, 48, 47, 51, 59, 61, 59, 57, 59, 58)
# Measured occupied shares are about one half (San Francisco 46 %, New York 48 to 58 %).
ASSUMED_OCCUPIED_SHARE = 0.5
MIN_ACTIVE_SHARE = 0.01


def active_seconds(day: Ints, second: Ints, duration_s: Ints, days: int) -> NDArray[np.float64]:
    """Cab seconds by hour of the operating day, float64[24], of intervals that begin on one of `days` days (0-based).

    day, second, duration_s: int64[N]; an interval that runs past the day's end counts in the hours of the next one.
    """
    chosen = (day >= 0) & (day < days) & (duration_s > 0)
    from_s = (day * SECONDS_PER_DAY + second)[chosen]
    to_s = from_s + duration_s[chosen]
    last_day = int(to_s.max(initial=0)) // SECONDS_PER_DAY
    by_day = seconds_by_hour(from_s, to_s, (last_day + 1) * HOURS).reshape(-1, HOURS)
    totals: NDArray[np.float64] = by_day.sum(axis=0)
    return totals


def cabs_a_day(cab: Ints, day: Ints, days: int) -> int:
    """The median number of distinct cabs a day over `days` days (0-based); at least 1."""
    chosen = (day >= 0) & (day < days) & (cab != NO_CAB)
    pairs = np.unique(np.column_stack([day[chosen], cab[chosen]]), axis=0)
    return max(1, int(np.median(np.bincount(pairs[:, 0], minlength=days))))


def fleet_of_cabs(taxis: int, active_s: NDArray[np.float64], days: int) -> Fleet:
    """A fleet whose active share by hour is its cab seconds over those of all taxis."""
    share = active_s / (3600.0 * days * taxis)
    return Fleet(taxis, np.clip(share, MIN_ACTIVE_SHARE, 1.0).astype(np.float32))


def default_fleet(taxis: int | None, drive_s_per_day: float, day_start_hour: int) -> Fleet:
    """A fleet with the default working day; without `taxis`, sized so that the day's drives occupy it half of the time."""
    share = np.roll(np.array(DEFAULT_ACTIVE_PERCENT), -day_start_hour) / 100.0
    if taxis is None:
        taxis = max(1, round(drive_s_per_day / (ASSUMED_OCCUPIED_SHARE * 3600.0 * float(share.sum()))))
    return Fleet(taxis, share.astype(np.float32))
