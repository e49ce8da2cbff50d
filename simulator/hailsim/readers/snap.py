"""Exact snapping of points to the nearest link: point-to-segment distance with candidates from a k-d tree.

Glossary: N points, G straight segments of the links' polylines (one per link where a source has no geometry).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hailsim.faults import refuse
from hailsim.model.city import RoadClass
from hailsim.model.geometry import Floats
from hailsim.model.random_streams import random_bits
from hailsim.model.raw_network import EXPRESS_FROM_KMH, CleanNetwork

NO_LINK = -1
SAMPLE_SPACING_M = 40.0
# Links closer together than this are two directions of one street: the side decides, not rounding.
TIE_M = 0.05
# Closer to the middle of the street, a position does not determine the side; GPS errors are larger.
SIDELESS_M = 1.0
_FIRST_CANDIDATES = 8
# Points per chunk; a month of TLC records at once would need 10 GB for candidates.
_CHUNK = 100_000
_SIDE_KEY = 0x51DE

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Segments:
    """The G straight pieces of the links to which trips are snapped.

    link: int64[G], the link of the piece. ax, ay, bx, by: float64[G] metres, from a to b in the direction of travel.
    """

    link: Ints
    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats


def hailable_segments(cleaned: CleanNetwork) -> Segments:
    """Segments of all links except expressways, where pickups and drop-offs do not happen."""
    sizes = np.diff(cleaned.point_start)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    starts_piece = np.ones(len(owner), dtype=np.bool_)
    starts_piece[cleaned.point_start[1:] - 1] = False
    first = np.flatnonzero(starts_piece & (cleaned.road_class[owner] != RoadClass.EXPRESS))
    x_m, y_m = cleaned.point_x_m, cleaned.point_y_m
    return Segments(owner[first], x_m[first], y_m[first], x_m[first + 1], y_m[first + 1])


class Snapper:
    """Finds the nearest links of points; built once per network."""

    def __init__(self, segments: Segments, driving_side: str) -> None:
        """`driving_side` decides to which direction of a two-way street a point belongs.

        Raises BadInput when there is no segment to snap to.
        """
        if not len(segments.link):
            rule = "some links must be local or arterial roads, where taxis can be hailed"
            remedy = (
                "Check the road classes (`highway`), or, without classes, the speeds: from "
                f"{EXPRESS_FROM_KMH:.0f} km/h a road counts as an expressway."
            )
            raise refuse(rule, "expressways only", "the road network", remedy)
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

        The two directions of a street are equally near: the point belongs to the direction on whose near side it lies. In the
        middle of the street a hash of the position decides.
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
        """Nearest links and distances; extends the candidates until no other segment can be nearer."""
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
        """Best link among the nearest samples, its distance, and whether it is proven to be the nearest."""
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
        """Distance to each segment, and signed distance from its line, positive to the left of the direction of travel."""
        ax, ay = self._segments.ax[segment], self._segments.ay[segment]
        dx, dy = self._segments.bx[segment] - ax, self._segments.by[segment] - ay
        length_m = np.maximum(np.hypot(dx, dy), 1e-9)
        along = np.clip(((x_m - ax) * dx + (y_m - ay) * dy) / length_m**2, 0.0, 1.0)
        far_m = np.hypot(x_m - ax - along * dx, y_m - ay - along * dy)
        return far_m, (dx * (y_m - ay) - dy * (x_m - ax)) / length_m

    def _choose(self, x_m: Floats, y_m: Floats, segment: Ints, far_m: Floats, side_m: Floats) -> Ints:
        """Choose among equally near links: first by near side, then by a hash of position and link."""
        tied = far_m <= far_m.min(axis=1, keepdims=True) + TIE_M
        links = self._segments.link[segment]
        sided = np.abs(side_m) > SIDELESS_M
        right_side = np.where(sided, side_m * self._near_side > 0.0, True)
        spot = random_bits(_SIDE_KEY, np.rint(x_m * 100.0).astype(np.int64), np.rint(y_m * 100.0).astype(np.int64))
        order = random_bits(_SIDE_KEY, spot[:, None], links) >> np.uint64(2)
        order = order + np.where(right_side, np.uint64(0), np.uint64(1) << np.uint64(62))
        order = np.where(tied, order, np.uint64(0xFFFFFFFFFFFFFFFF))
        picked: Ints = np.take_along_axis(links, order.argmin(axis=1)[:, None], axis=1)[:, 0]
        return picked
