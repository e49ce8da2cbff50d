"""Travel-time factors (observed over free-flow time) by hour of week, fitted to observed trips.

Glossary: T trips; ratio: observed over free-flow seconds of a trip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hailsim.model.city import HOURS_PER_WEEK

MIN_FACTOR, MAX_FACTOR = 1.0, 4.0
# Shrinkage: a cell with this many trips gets weight one half. Medians of fewer than 50 ratios vary by 5 %.
SHRINK_TRIPS = 50.0
# For shorter drives the ratio is mostly noise, because link ends are a large part of them.
SHORTEST_FREEFLOW_S = 60.0
# Default for sources without drop-off times, by local hour from 00h: as fitted in San Francisco in 2008.
DEFAULT_BY_HOUR = (
    *(1.52, 1.51, 1.51, 1.43, 1.43, 1.47, 1.55, 1.75, 2.00, 1.93, 1.89, 1.95),
    *(1.99, 1.99, 2.02, 2.01, 2.01, 2.14, 2.01, 1.83, 1.74, 1.73, 1.67, 1.61),
)


def travel_time_factors(
    hour_of_week: NDArray[np.int64], observed_s: NDArray[np.float64], freeflow_s: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """float32[168] median ratio by hour of week, shrunk to the hour of day, that to the overall median; within [1, 4].

    None if no trip has a free-flow drive of at least a minute.
    """
    usable = freeflow_s >= SHORTEST_FREEFLOW_S
    if not usable.any():
        return None
    ratio = observed_s[usable] / freeflow_s[usable]
    hour = hour_of_week[usable]
    overall = np.full(24, np.median(ratio))
    by_hour = _shrunk_medians(ratio, hour % 24, 24, overall)
    by_week_hour = _shrunk_medians(ratio, hour, HOURS_PER_WEEK, np.tile(by_hour, 7))
    return np.clip(by_week_hour, MIN_FACTOR, MAX_FACTOR).astype(np.float32)


def default_factors() -> NDArray[np.float32]:
    """float32[168] default factors, the same every day."""
    return np.tile(np.array(DEFAULT_BY_HOUR, dtype=np.float32), 7)


def _shrunk_medians(
    ratio: NDArray[np.float64], group: NDArray[np.int64], groups: int, towards: NDArray[np.float64]
) -> NDArray[np.float64]:
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(groups + 1))
    shrunk = towards.copy()
    for cell in range(groups):
        values = ratio[order[first[cell] : first[cell + 1]]]
        if len(values):
            weight = len(values) / (len(values) + SHRINK_TRIPS)
            shrunk[cell] = weight * np.median(values) + (1.0 - weight) * towards[cell]
    return shrunk
