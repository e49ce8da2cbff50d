"""Fastest paths of many trips: backward Dijkstra, one search per drop-off link, with early termination.

Glossary (L links, E turns, G goals, T trips)
turn_first    int64[L + 1]   turns into link j are turn_first[j]..turn_first[j + 1] - 1
turn_before   int64[E]       the link a turn starts from
turn_cost     int64[E]       ticks of 2^-16 s: the turn plus the link it leads into
length_m      float32[L]     metres
goal          int64[G]       distinct drop-off links
trip_first    int64[G + 1]   trips to goal g are trip_first[g]..trip_first[g + 1] - 1
pickup        int64[T]       pickup links
time          int64[T]       out: ticks from the end of the pickup link to the end of the goal; NO_PATH where there is none
distance_m    float64[T]     out: metres along that path; ties go to the link settled first
heap          int64[E + 1]   binary heap of time << LINK_BITS | link; superseded entries stay and are skipped

Packing time and link into one integer halves the comparisons. Integer sums have no rounding, so ties are the same on every
machine and go to the smaller link number.
"""

from __future__ import annotations

import numpy as np
from numba import njit

TICKS_PER_S = 65_536
LINK_BITS = 24
NO_PATH = -1
_LINK_MASK = (1 << LINK_BITS) - 1


@njit(cache=True)
def _push(heap, size, entry):
    """Add an entry; returns the new size."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if heap[parent] <= entry:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = entry
    return size + 1


@njit(cache=True)
def _drop_first(heap, size):
    """Remove the first entry; returns the new size."""
    size -= 1
    entry = heap[size]
    at = 0
    child = 1
    while child < size:
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= entry:
            break
        heap[at] = heap[child]
        at = child
        child = 2 * at + 1
    heap[at] = entry
    return size


@njit(cache=True)
def fastest_paths(turn_first, turn_before, turn_cost, length_m, goal, trip_first, pickup, time, distance_m):
    """Fill time and distance_m. A search ends once all pickups of its goal are settled; marks are per search, never cleared."""
    links = len(length_m)
    best = np.empty(links, np.int64)
    best_m = np.empty(links, np.float64)
    reached_in = np.full(links, -1, np.int64)
    settled_in = np.full(links, -1, np.int64)
    wanted_in = np.full(links, -1, np.int64)
    heap = np.empty(len(turn_before) + 1, np.int64)
    for search in range(len(goal)):
        missing = 0
        for trip in range(trip_first[search], trip_first[search + 1]):
            if wanted_in[pickup[trip]] != search:
                wanted_in[pickup[trip]] = search
                missing += 1
        best[goal[search]] = 0
        best_m[goal[search]] = 0.0
        reached_in[goal[search]] = search
        size = _push(heap, 0, goal[search])
        while size > 0 and missing > 0:
            link = heap[0] & _LINK_MASK
            size = _drop_first(heap, size)
            if settled_in[link] == search:
                continue
            settled_in[link] = search
            if wanted_in[link] == search:
                missing -= 1
            here_m = best_m[link] + length_m[link]
            for turn in range(turn_first[link], turn_first[link + 1]):
                before = turn_before[turn]
                candidate = best[link] + turn_cost[turn]
                if reached_in[before] != search or candidate < best[before]:
                    reached_in[before] = search
                    best[before] = candidate
                    best_m[before] = here_m
                    size = _push(heap, size, candidate << LINK_BITS | before)
        for trip in range(trip_first[search], trip_first[search + 1]):
            found = settled_in[pickup[trip]] == search
            time[trip] = best[pickup[trip]] if found else NO_PATH
            distance_m[trip] = best_m[pickup[trip]] if found else np.inf
