"""Turn-aware shortest paths over the line graph, for many trips at once.

Glossary: L links, T trips. The cost of a turn i -> j is the seconds of the turn plus the free-flow seconds of j, so a path
from i to j runs from the *end* of link i to the *end* of link j, as `Trips` defines it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from hailsim.model.city import Network

_BATCH_BYTES = 64_000_000
_BYTES_PER_CELL = 12  # float64 time and int32 predecessor

Ints = NDArray[np.int64]


def line_graph(network: Network, turn_s: NDArray[np.float32]) -> csr_matrix:
    """Costs in seconds, float64[L, L] sparse: row i, column j holds the cost of going on from i into j."""
    used = network.successors < network.links
    before = np.repeat(np.arange(network.links), used.sum(axis=1))
    after = network.successors[used]
    cost_s = turn_s[network.turns[used]].astype(np.float64) + network.freeflow_s[after]
    return csr_matrix((cost_s, (before, after)), shape=(network.links, network.links))


def drive_times(
    network: Network, turn_s: NDArray[np.float32], pickup_link: Ints, dropoff_link: Ints
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Free-flow seconds and metres of each trip's fastest path, float32[T] each; 0 where both links are the same.

    One Dijkstra against the direction of travel per distinct drop-off link serves every trip that ends there. Ties between
    equally fast paths are broken by the solver, deterministically.
    """
    reverse = line_graph(network, turn_s).T.tocsr()
    goals, goal_of = np.unique(dropoff_link, return_inverse=True)
    by_goal = np.argsort(goal_of, kind="stable")
    first = np.searchsorted(goal_of[by_goal], np.arange(len(goals) + 1))
    time_s = np.zeros(len(pickup_link), dtype=np.float32)
    distance_m = np.zeros(len(pickup_link), dtype=np.float32)
    batch = max(1, _BATCH_BYTES // (_BYTES_PER_CELL * network.links))
    for begin in range(0, len(goals), batch):
        end = min(begin + batch, len(goals))
        seconds, following = dijkstra(reverse, directed=True, indices=goals[begin:end], return_predecessors=True)
        trips = by_goal[first[begin] : first[end]]
        row = goal_of[trips] - begin
        time_s[trips] = seconds[row, pickup_link[trips]]
        distance_m[trips] = _walk(following, row, pickup_link[trips], dropoff_link[trips], network.length_m)
    return time_s, distance_m


def _walk(
    following: NDArray[np.int32], row: Ints, pickup: Ints, dropoff: Ints, length_m: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Metres along the paths: all trips step to their next link at once until each has arrived."""
    distance_m = np.zeros(len(row))
    at = pickup.copy()
    moving = np.flatnonzero(at != dropoff)
    while len(moving):
        at[moving] = following[row[moving], at[moving]]
        distance_m[moving] += length_m[at[moving]]
        moving = moving[at[moving] != dropoff[moving]]
    return distance_m
