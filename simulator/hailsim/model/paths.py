"""Turn-aware fastest paths over the line graph for many trips at once.

Glossary: L links, T trips. The cost of turn i -> j is the turn's seconds plus the free-flow seconds of j, so a path from i to j
runs from the *end* of link i to the *end* of link j, as in `Trips`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.shortest_paths import LINK_BITS, NO_PATH, TICKS_PER_S, fastest_paths
from hailsim.model.city import Network

Ints = NDArray[np.int64]
# Searches between two reports of progress: often enough for a display, too rarely to cost time.
_SEARCHES_PER_REPORT = 256


def drive_times(
    network: Network,
    turn_s: NDArray[np.float32],
    pickup_link: Ints,
    dropoff_link: Ints,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Free-flow seconds and metres of each trip's fastest path, float32[T] each; 0 where both links are the same.

    One search per distinct drop-off link serves every trip that ends there. `on_progress` receives searches done and in all.
    """
    if network.links >= 1 << LINK_BITS:
        raise ValueError(f"links < {1 << LINK_BITS} must hold, but got {network.links}")
    turn_first, turn_before, turn_cost = _turns_into(network, turn_s)
    goals, goal_of = np.unique(dropoff_link, return_inverse=True)
    order = np.argsort(goal_of, kind="stable")
    trip_first = np.searchsorted(goal_of[order], np.arange(len(goals) + 1)).astype(np.int64)
    pickup = np.ascontiguousarray(pickup_link[order], dtype=np.int64)
    ticks, metres = np.empty(len(order), dtype=np.int64), np.empty(len(order))
    goals = goals.astype(np.int64)
    for begin in range(0, len(goals), _SEARCHES_PER_REPORT):
        end = min(begin + _SEARCHES_PER_REPORT, len(goals))
        part, first = goals[begin:end], trip_first[begin : end + 1]
        fastest_paths(turn_first, turn_before, turn_cost, network.length_m, part, first, pickup, ticks, metres)
        on_progress(end, len(goals))
    time_s, distance_m = np.empty(len(order), dtype=np.float32), np.empty(len(order), dtype=np.float32)
    time_s[order] = np.where(ticks == NO_PATH, np.inf, ticks / TICKS_PER_S)
    distance_m[order] = metres
    return time_s, distance_m


def _turns_into(network: Network, turn_s: NDArray[np.float32]) -> tuple[Ints, Ints, Ints]:
    """Turns grouped by target link: index of its first turn int64[L + 1], source links int64[E], cost in ticks int64[E]."""
    used = network.successors < network.links
    before = np.repeat(np.arange(network.links), used.sum(axis=1))
    after = network.successors[used].astype(np.int64)
    cost_s = turn_s[network.turns[used]].astype(np.float64) + network.freeflow_s[after]
    order = np.argsort(after, kind="stable")
    first = np.searchsorted(after[order], np.arange(network.links + 1))
    ticks = np.rint(cost_s[order] * TICKS_PER_S).astype(np.int64)
    return first.astype(np.int64), before[order].astype(np.int64), ticks
