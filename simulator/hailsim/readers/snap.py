"""Snapping points to the nearest link, exactly: point-to-segment distance, candidates from a k-d tree.

Glossary: N points, G straight segments of the links' polylines (one per link where a source has no geometry).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hailsim.model.city import RoadClass
from hailsim.model.geometry import Floats
from hailsim.model.keyed import keyed_bits
from hailsim.model.roads import CleanRoads

NO_LINK = -1
SAMPLE_SPACING_M = 40.0
# Distances nearer than this are the same street seen from both directions: the side decides, not rounding.
TIE_M = 0.05
# Within this of the middle of the street a position does not tell the side; GPS is off by more.
SIDELESS_M = 1.0
_FIRST_CANDIDATES = 8
# Points at a time: a month of TLC records would otherwise need 10 GB of candidates.
_CHUNK = 100_000
_SIDE_KEY = 0x51DE

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Segments:
    """Straight pieces to snap to: link: int64[G]; ax, ay, bx, by: float64[G] metres, a to b in the direction of travel."""

    link: Ints
    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats


def hailable_segments(roads: CleanRoads) -> Segments:
    """Segments of every link but expressways: nobody gets in or out there, so a position on one is a position beside one."""
    sizes = np.diff(roads.point_start)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    starts_piece = np.ones(len(owner), dtype=np.bool_)
    starts_piece[roads.point_start[1:] - 1] = False
    first = np.flatnonzero(starts_piece & (roads.road_class[owner] != RoadClass.EXPRESS))
    x_m, y_m = roads.point_x_m, roads.point_y_m
    return Segments(owner[first], x_m[first], y_m[first], x_m[first + 1], y_m[first + 1])


class Snapper:
    """Finds the nearest link of points; built once per network."""

    def __init__(self, segments: Segments, driving_side: str) -> None:
        """`driving_side` decides which direction of a two-way street a point beside it belongs to."""
        self._segments = segments
        self._near_side = 1.0 if driving_side == "left" else -1.0
        length_m = np.hypot(segments.bx - segments.ax, segments.by - segments.ay)
        pieces = np.maximum(1, np.ceil(length_m / SAMPLE_SPACING_M)).astype(np.int64)
        self._sample_segment = np.repeat(np.arange(len(pieces)), pieces)
        within = np.arange(len(self._sample_segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        share = (within + 0.5) / pieces[self._sample_segment]
        x_m = segments.ax[self._sample_segment] * (1.0 - share) + segments.bx[self._sample_segment] * share
        y_m = segments.ay[self._sample_segment] * (1.0 - share) + segments.by[self._sample_segment] * share
        self._tree = cKDTree(np.column_stack([x_m, y_m]))
        # Every point of a segment lies within this of one of its samples.
        self._reach_m = float((length_m / pieces).max()) / 2.0

    def snap(self, x_m: Floats, y_m: Floats, farthest_m: float) -> tuple[Ints, Floats]:
        """Nearest link of each point (NO_LINK beyond `farthest_m` or for NaN) and the distance to it in metres (inf for NaN).

        The two directions of a street are equally near: the point belongs to the one on whose near side it lies; in the middle
        of the street a hash of the position decides, the same on every run.
        """
        link = np.full(len(x_m), NO_LINK, dtype=np.int64)
        distance_m = np.full(len(x_m), np.inf)
        known = np.flatnonzero(np.isfinite(x_m) & np.isfinite(y_m))
        for begin in range(0, len(known), _CHUNK):
            chunk = known[begin : begin + _CHUNK]
            link[chunk], distance_m[chunk] = self._snap_chunk(x_m[chunk], y_m[chunk])
        link[distance_m > farthest_m] = NO_LINK
        return link, distance_m

    def _snap_chunk(self, x_m: Floats, y_m: Floats) -> tuple[Ints, Floats]:
        """Nearest links and distances; asks for more candidates until none further away can be nearer."""
        link, distance_m = np.empty(len(x_m), dtype=np.int64), np.empty(len(x_m))
        open_points = np.arange(len(x_m))
        candidates = min(_FIRST_CANDIDATES, len(self._sample_segment))
        while len(open_points):
            found, far, proven = self._nearest(x_m[open_points], y_m[open_points], candidates)
            link[open_points[proven]] = found[proven]
            distance_m[open_points[proven]] = far[proven]
            open_points = open_points[~proven]
            candidates = min(candidates * 4, len(self._sample_segment))
        return link, distance_m

    def _nearest(self, x_m: Floats, y_m: Floats, candidates: int) -> tuple[Ints, Floats, NDArray[np.bool_]]:
        """Best link among the nearest samples, its distance, and whether no sample further away can beat it."""
        sample_m, sample = self._tree.query(np.column_stack([x_m, y_m]), k=np.arange(1, candidates + 1))
        segment = self._sample_segment[sample]
        far_m, side_m = self._point_to_segments(x_m[:, None], y_m[:, None], segment)
        best_m = far_m.min(axis=1)
        if candidates == len(self._sample_segment):
            proven = np.ones(len(x_m), dtype=np.bool_)
        else:
            proven = sample_m[:, -1] - self._reach_m > best_m + TIE_M
        return self._choose(x_m, y_m, segment, far_m, side_m), best_m, proven

    def _point_to_segments(self, x_m: Floats, y_m: Floats, segment: Ints) -> tuple[Floats, Floats]:
        """Distance to each segment, and the signed distance from its line, positive on the left of the direction of travel."""
        ax, ay = self._segments.ax[segment], self._segments.ay[segment]
        dx, dy = self._segments.bx[segment] - ax, self._segments.by[segment] - ay
        length_m = np.maximum(np.hypot(dx, dy), 1e-9)
        along = np.clip(((x_m - ax) * dx + (y_m - ay) * dy) / length_m**2, 0.0, 1.0)
        far_m = np.hypot(x_m - ax - along * dx, y_m - ay - along * dy)
        return far_m, (dx * (y_m - ay) - dy * (x_m - ax)) / length_m

    def _choose(self, x_m: Floats, y_m: Floats, segment: Ints, far_m: Floats, side_m: Floats) -> Ints:
        """Among the equally near: first the links on whose near side the point lies, then by hash of position and link."""
        tied = far_m <= far_m.min(axis=1, keepdims=True) + TIE_M
        links = self._segments.link[segment]
        sided = np.abs(side_m) > SIDELESS_M
        right_side = np.where(sided, side_m * self._near_side > 0.0, True)
        spot = keyed_bits(_SIDE_KEY, np.rint(x_m * 100.0).astype(np.int64), np.rint(y_m * 100.0).astype(np.int64))
        order = keyed_bits(_SIDE_KEY, spot[:, None], links) >> np.uint64(2)
        order = order + np.where(right_side, np.uint64(0), np.uint64(1) << np.uint64(62))
        order = np.where(tied, order, np.uint64(0xFFFFFFFFFFFFFFFF))
        picked: Ints = np.take_along_axis(links, order.argmin(axis=1)[:, None], axis=1)[:, 0]
        return picked
