"""Planar geometry: metric projection, turns from bearings, spatial ordering, zone cells.

Glossary: N points or pairs. Headings are radians counter-clockwise from east. A *deflection* is the change of heading from
one link into the next, radians in (-pi, pi], positive to the left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hailsim.model.city import Turn

EARTH_RADIUS_M = 6_371_008.8
STRAIGHT_BELOW_RAD = math.radians(45.0)
U_TURN_FROM_RAD = math.radians(170.0)
U_TURN_BACK_FROM_RAD = math.radians(90.0)
_HILBERT_BITS = 16
_HALF_CIRCLE_DEG = 180.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Projection:
    """Equirectangular metres east and north of a reference point; accurate to 0.1 % within 50 km at city latitudes."""

    lat_deg: float
    lon_deg: float

    @classmethod
    def around(cls, lat_deg: Floats, lon_deg: Floats) -> Projection:
        """Centred on the bounding box, rounded to 1e-4 degrees for readability in files."""
        middle_lat = (float(lat_deg.min()) + float(lat_deg.max())) / 2.0
        east_deg = unwrap_longitudes(lon_deg)
        middle_lon = (float(east_deg.min()) + float(east_deg.max())) / 2.0
        return cls(lat_deg=round(middle_lat, 4), lon_deg=round(_wrap(middle_lon), 4))

    def to_metres(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[Floats, Floats]:
        """Metres (east, north) of WGS84 degrees; NaN stays NaN."""
        lat = np.asarray(lat_deg, dtype=np.float64)
        lon = np.asarray(lon_deg, dtype=np.float64)
        east = np.radians(_wrap_array(lon - self.lon_deg)) * (EARTH_RADIUS_M * math.cos(math.radians(self.lat_deg)))
        north = np.radians(lat - self.lat_deg) * EARTH_RADIUS_M
        return east, north

    def to_degrees(self, east_m: ArrayLike, north_m: ArrayLike) -> tuple[Floats, Floats]:
        """WGS84 degrees (lat, lon) of metres east and north."""
        east = np.asarray(east_m, dtype=np.float64)
        north = np.asarray(north_m, dtype=np.float64)
        lat = self.lat_deg + np.degrees(north / EARTH_RADIUS_M)
        lon = self.lon_deg + np.degrees(east / (EARTH_RADIUS_M * math.cos(math.radians(self.lat_deg))))
        return lat, _wrap_array(lon)


def unwrap_longitudes(lon_deg: Floats) -> Floats:
    """Longitudes without a jump at 180 degrees: where they span more than half of the globe, western ones gain 360 degrees."""
    spans_half = len(lon_deg) > 0 and float(np.nanmax(lon_deg)) - float(np.nanmin(lon_deg)) > _HALF_CIRCLE_DEG
    return np.where(lon_deg < 0.0, lon_deg + 2.0 * _HALF_CIRCLE_DEG, lon_deg) if spans_half else lon_deg


def _wrap(lon_deg: float) -> float:
    return lon_deg - 2.0 * _HALF_CIRCLE_DEG if lon_deg > _HALF_CIRCLE_DEG else lon_deg


def _wrap_array(lon_deg: Floats) -> Floats:
    """Longitudes or their differences in [-180, 180]; values already inside keep their bits."""
    eastern = np.where(lon_deg > _HALF_CIRCLE_DEG, lon_deg - 2.0 * _HALF_CIRCLE_DEG, lon_deg)
    wrapped: Floats = np.where(eastern < -_HALF_CIRCLE_DEG, eastern + 2.0 * _HALF_CIRCLE_DEG, eastern)[()]
    return wrapped


def deflection(heading_in: Floats, heading_out: Floats) -> Floats:
    """Change of heading in (-pi, pi], positive to the left."""
    turned = np.mod(heading_out - heading_in, 2.0 * math.pi)
    return np.where(turned > math.pi, turned - 2.0 * math.pi, turned)


def classify_turns(deflection_rad: Floats, leads_back: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Turn of each pair of links. `leads_back`: the second link ends where the first one began.

    Straight is below 45 degrees. A U-turn is a deflection of at least 170 degrees, or of at least 90 when it leads back;
    without the latter a curved street would allow U-turns that a straight one forbids.
    """
    bend = np.abs(deflection_rad)
    turn = np.where(deflection_rad > 0.0, Turn.LEFT, Turn.RIGHT)
    turn = np.where(bend < STRAIGHT_BELOW_RAD, Turn.STRAIGHT, turn)
    is_u_turn = (bend >= U_TURN_FROM_RAD) | (leads_back & (bend >= U_TURN_BACK_FROM_RAD))
    return np.where(is_u_turn, Turn.U_TURN, turn).astype(np.int8)


def hilbert_rank(east_m: Floats, north_m: Floats) -> NDArray[np.int64]:
    """Rank of each point along a Hilbert curve over the bounding square: close ranks are close in space.

    Ordering links this way keeps neighbours in the same cache lines.
    """
    side = 1 << _HILBERT_BITS
    extent = max(float(np.ptp(east_m)), float(np.ptp(north_m)), 1.0)
    scale = (side - 1) / extent
    x = ((east_m - east_m.min()) * scale).astype(np.int64)
    y = ((north_m - north_m.min()) * scale).astype(np.int64)
    rank = np.zeros(len(x), dtype=np.int64)
    step = side >> 1
    while step > 0:
        right = (x & step) > 0
        upper = (y & step) > 0
        rank += step * step * ((3 * right.astype(np.int64)) ^ upper.astype(np.int64))
        flip = ~upper & right
        x, y = np.where(flip, side - 1 - x, x), np.where(flip, side - 1 - y, y)
        x, y = np.where(upper, x, y), np.where(upper, y, x)
        step >>= 1
    return rank


def zone_cells(east_m: Floats, north_m: Floats, cell_m: float) -> NDArray[np.int32]:
    """Square cells of `cell_m`, numbered densely from 0, west to east within south to north."""
    column = np.floor(east_m / cell_m).astype(np.int64)
    row = np.floor(north_m / cell_m).astype(np.int64)
    column -= column.min()
    row -= row.min()
    _, dense = np.unique(row * (column.max() + 1) + column, return_inverse=True)
    return dense.astype(np.int32)
