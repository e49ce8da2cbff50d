"""The line graph of a road network: allowed turns between links, strongly connected, with at most four exits per link.

Glossary: L links, E turns (pairs of links). `before`, `after`: int64[E], the links of a turn. `allowed`: bool[E]. An exit of a
link is a turn from it.
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
from hailsim.model.raw_network import CleanNetwork

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Turns:
    """All E turns, allowed or not.

    before, after: int64[E], the links of a turn. bend_rad: float64[E], positive to the left. turn: int8[E], a Turn.
    """

    before: Ints
    after: Ints
    bend_rad: Floats
    turn: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.before)


def find_turns(cleaned: CleanNetwork) -> Turns:
    """All turns at all junctions, sorted by `before`."""
    links = len(cleaned.link_from)
    leaving = np.argsort(cleaned.link_from, kind="stable")
    first = np.searchsorted(cleaned.link_from[leaving], cleaned.link_to, side="left")
    last = np.searchsorted(cleaned.link_from[leaving], cleaned.link_to, side="right")
    exits = last - first
    before = np.repeat(np.arange(links), exits)
    offset = np.arange(len(before)) - np.repeat(np.cumsum(exits) - exits, exits)
    after = leaving[np.repeat(first, exits) + offset]
    heading_in, heading_out = _end_headings(cleaned)
    bend_rad = deflection(heading_in[before], heading_out[after])
    leads_back = cleaned.link_to[after] == cleaned.link_from[before]
    return Turns(before, after, bend_rad, classify_turns(bend_rad, leads_back))


def _end_headings(cleaned: CleanNetwork) -> tuple[Floats, Floats]:
    """Heading of the last and of the first segment of each link."""
    x_m, y_m = cleaned.point_x_m, cleaned.point_y_m
    first, last = cleaned.point_start[:-1], cleaned.point_start[1:] - 1
    heading_in = np.arctan2(y_m[last] - y_m[last - 1], x_m[last] - x_m[last - 1])
    heading_out = np.arctan2(y_m[first + 1] - y_m[first], x_m[first + 1] - x_m[first])
    return heading_in, heading_out


def settle_component(turns: Turns, links: int) -> tuple[Mask, Mask, int]:
    """Select the links to keep and the turns allowed among them.

    Keeps the largest strongly connected component with U-turns allowed everywhere. Within it, a U-turn is allowed only from a
    link without another exit, or where some link would be unreachable without it: a two-way ring road would otherwise split
    into its two directions. Returns (kept: bool[L], allowed: bool[E], number of U-turns of the second kind).
    """
    is_u_turn = turns.turn == Turn.U_TURN
    label = _components(turns, np.ones(len(turns), dtype=np.bool_), links)
    kept = label == _largest(label)
    live = kept[turns.before] & kept[turns.after]
    allowed = live & ~is_u_turn
    exits = np.bincount(turns.before[allowed], minlength=links)
    allowed |= live & is_u_turn & (exits[turns.before] == 0)
    needed = 0
    while True:
        label = _components(turns, allowed, links)
        crossing = np.flatnonzero(live & is_u_turn & (label[turns.before] != label[turns.after]))
        if not len(crossing):
            return kept, allowed, needed
        # Allow one U-turn between each pair of components, preferring links with the fewest exits; then repeat.
        crossing = crossing[np.lexsort((crossing, exits[turns.before[crossing]]))]
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
    """The component with the most links; ties go to the one with the first link."""
    sizes = np.bincount(label)
    return int(label[np.flatnonzero(sizes[label] == sizes.max())[0]])


def limit_successors(turns: Turns, allowed: Mask, links: int) -> tuple[Mask, list[tuple[int, int]]]:
    """At most four allowed turns per link; returns the turns left and the (before, after) pairs dropped.

    Excess turns are dropped sharpest first, but only if their target stays reachable, which keeps the line graph strongly
    connected. If too few can be dropped, the rest stay in `allowed` and the caller refuses the junction.
    """
    allowed = allowed.copy()
    exits: list[list[int]] = [[] for _ in range(links)]
    for edge in np.flatnonzero(allowed):
        exits[turns.before[edge]].append(int(edge))
    dropped: list[tuple[int, int]] = []
    for link in range(links):
        if len(exits[link]) <= MAX_SUCCESSORS:
            continue
        sharpest_first = sorted(exits[link], key=lambda e: (-abs(float(turns.bend_rad[e])), e))
        for candidate in sharpest_first:
            if len(exits[link]) <= MAX_SUCCESSORS:
                break
            if _reaches_without(turns, exits, candidate):
                exits[link].remove(candidate)
                allowed[candidate] = False
                dropped.append((link, int(turns.after[candidate])))
    return allowed, dropped


def _reaches_without(turns: Turns, exits: list[list[int]], removed: int) -> bool:
    """Whether the target of the turn `removed` is reachable from its first link by other turns. Usually a short search."""
    start, goal = int(turns.before[removed]), int(turns.after[removed])
    seen = {start}
    queue = deque([start])
    while queue:
        link = queue.popleft()
        for edge in exits[link]:
            following = int(turns.after[edge])
            if edge == removed or following in seen:
                continue
            if following == goal:
                return True
            seen.add(following)
            queue.append(following)
    return False


def strongly_connected(successors: NDArray[np.int32]) -> bool:
    """Whether the line graph of successors int32[L, 4] (L in unused slots) is strongly connected."""
    links = len(successors)
    used = successors < links
    before = np.repeat(np.arange(links), used.sum(axis=1))
    edges = csr_matrix((np.ones(len(before), dtype=np.int8), (before, successors[used])), shape=(links, links))
    components, _ = connected_components(edges, directed=True, connection="strong")
    return bool(components == 1)
