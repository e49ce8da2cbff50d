"""From links to turns: which link may follow which, strongly connected, with at most four ways on.

Glossary: L links, E turns (pairs of links). `before`, `after`: int64[E], the links a turn joins. `allowed`: bool[E].
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from hailsim.model.city import MAX_SUCCESSORS, Turn
from hailsim.model.geometry import Floats, classify_turns, deflection
from hailsim.model.roads import CleanRoads

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Turns:
    """Every pair of links that meet: before, after: int64[E]; bend_rad: float64[E], left positive; turn: int8[E] (Turn)."""

    before: Ints
    after: Ints
    bend_rad: Floats
    turn: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.before)


def find_turns(roads: CleanRoads) -> Turns:
    """All turns at all junctions, sorted by `before`."""
    links = len(roads.link_from)
    leaving = np.argsort(roads.link_from, kind="stable")
    first = np.searchsorted(roads.link_from[leaving], roads.link_to, side="left")
    last = np.searchsorted(roads.link_from[leaving], roads.link_to, side="right")
    ways = last - first
    before = np.repeat(np.arange(links), ways)
    offset = np.arange(len(before)) - np.repeat(np.cumsum(ways) - ways, ways)
    after = leaving[np.repeat(first, ways) + offset]
    heading_in, heading_out = _end_headings(roads)
    bend_rad = deflection(heading_in[before], heading_out[after])
    leads_back = roads.link_to[after] == roads.link_from[before]
    return Turns(before, after, bend_rad, classify_turns(bend_rad, leads_back))


def _end_headings(roads: CleanRoads) -> tuple[Floats, Floats]:
    """Heading of the last piece of each link, and of its first."""
    x_m, y_m = roads.point_x_m, roads.point_y_m
    first, last = roads.point_start[:-1], roads.point_start[1:] - 1
    heading_in = np.arctan2(y_m[last] - y_m[last - 1], x_m[last] - x_m[last - 1])
    heading_out = np.arctan2(y_m[first + 1] - y_m[first], x_m[first + 1] - x_m[first])
    return heading_in, heading_out


def settle_component(turns: Turns, links: int) -> tuple[Mask, Mask, int]:
    """The links to keep, the turns allowed among them, and how many U-turns were needed to reach every link.

    Kept is the largest part in which every link reaches every other if one may turn round anywhere. A U-turn is then allowed
    only from a link that has no other way on within that part, and where some link could not be reached without: a two-way
    ring road would otherwise fall into its two directions. Returns (kept: bool[L], allowed: bool[E], needed).
    """
    is_u_turn = turns.turn == Turn.U_TURN
    label = _components(turns, np.ones(len(turns), dtype=np.bool_), links)
    kept = label == _largest(label)
    live = kept[turns.before] & kept[turns.after]
    allowed = live & ~is_u_turn
    ways_on = np.bincount(turns.before[allowed], minlength=links)
    allowed |= live & is_u_turn & (ways_on[turns.before] == 0)
    needed = 0
    while True:
        label = _components(turns, allowed, links)
        crossing = np.flatnonzero(live & is_u_turn & (label[turns.before] != label[turns.after]))
        if not len(crossing):
            return kept, allowed, needed
        # One U-turn from each part to each other, where there are the fewest other ways on; then look again.
        crossing = crossing[np.lexsort((crossing, ways_on[turns.before[crossing]]))]
        pairs = np.column_stack([label[turns.before[crossing]], label[turns.after[crossing]]])
        _, chosen = np.unique(pairs, axis=0, return_index=True)
        allowed[crossing[chosen]] = True
        needed += len(chosen)


def _components(turns: Turns, allowed: Mask, links: int) -> Ints:
    """Strongly connected component of each link, int64[L]."""
    edges = csr_matrix(
        (np.ones(int(allowed.sum()), dtype=np.int8), (turns.before[allowed], turns.after[allowed])), shape=(links, links)
    )
    _, label = connected_components(edges, directed=True, connection="strong")
    components: Ints = label.astype(np.int64)
    return components


def _largest(label: Ints) -> int:
    """The component with the most links; of equals the one with the first link."""
    sizes = np.bincount(label)
    return int(label[np.flatnonzero(sizes[label] == sizes.max())[0]])


def limit_successors(turns: Turns, allowed: Mask, links: int) -> tuple[Mask, list[tuple[int, int]]]:
    """At most four allowed turns per link; returns the turns left and the (before, after) pairs dropped.

    At a junction with more ways on, the sharpest turns go first, but only turns whose target can still be reached some other
    way: so the line graph stays strongly connected. Where fewer can go than must, the extra turns stay in `allowed` and the
    caller refuses the junction.
    """
    allowed = allowed.copy()
    ways_on: list[list[int]] = [[] for _ in range(links)]
    for edge in np.flatnonzero(allowed):
        ways_on[turns.before[edge]].append(int(edge))
    dropped: list[tuple[int, int]] = []
    for link in range(links):
        if len(ways_on[link]) <= MAX_SUCCESSORS:
            continue
        sharpest_first = sorted(ways_on[link], key=lambda e: (-abs(float(turns.bend_rad[e])), e))
        for way in sharpest_first:
            if len(ways_on[link]) <= MAX_SUCCESSORS:
                break
            if _reaches_without(turns, ways_on, way):
                ways_on[link].remove(way)
                allowed[way] = False
                dropped.append((link, int(turns.after[way])))
    return allowed, dropped


def _reaches_without(turns: Turns, ways_on: list[list[int]], edge: int) -> bool:
    """Whether the turn's second link can be reached from its first by other turns; in practice soon."""
    start, goal = int(turns.before[edge]), int(turns.after[edge])
    seen = {start}
    queue = deque([start])
    while queue:
        link = queue.popleft()
        for way in ways_on[link]:
            following = int(turns.after[way])
            if way == edge or following in seen:
                continue
            if following == goal:
                return True
            seen.add(following)
            queue.append(following)
    return False


def strongly_connected(successors: NDArray[np.int32]) -> bool:
    """Whether the line graph of int32[L, 4] successors (unused slots hold L) is one strongly connected component."""
    links = len(successors)
    used = successors < links
    before = np.repeat(np.arange(links), used.sum(axis=1))
    edges = csr_matrix((np.ones(len(before), dtype=np.int8), (before, successors[used])), shape=(links, links))
    components, _ = connected_components(edges, directed=True, connection="strong")
    return bool(components == 1)
