"""Rules that reject unusable trips of a source, counted by reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hailsim.findings import Finding, found_where
from hailsim.model.geometry import Floats
from hailsim.model.network import BuiltNetwork
from hailsim.readers.match import SnappedTrips
from hailsim.readers.prepare import describe_trip
from hailsim.readers.snap import NO_LINK, Snapper, hailable_segments
from hailsim.readers.source import NO_TIME, SourceTrips

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
# Maximum plausible average speed, even where the network lacks the direct road.
FASTEST_MPS = 130.0 / 3.6
# Margin around the network's bounding box for telling swapped coordinates from distant ones.
_BOX_MARGIN_DEG = 0.5


class TripScreening:
    """Applies rules in order; a trip is counted under the first rule it breaks."""

    def __init__(self, trips: SourceTrips) -> None:
        """Initially all trips are accepted."""
        self._trips = trips
        self.accepted: Mask = np.ones(len(trips), dtype=np.bool_)
        self.rejected: list[Finding] = []

    def reject(self, reason: str, broken: Mask) -> None:
        """Reject the accepted trips that break this rule."""
        self.rejected += found_where(reason, self.accepted & broken, lambda row: describe_trip(self._trips, row))
        self.accepted &= ~broken


def screen_coordinates(screening: TripScreening, trips: SourceTrips, box_deg: tuple[float, float, float, float]) -> None:
    """Reject missing, zero (a receiver without a fix), swapped and out-of-range coordinates.

    `box_deg`: the network's south, west, north and east.
    """
    lat = np.column_stack([trips.pickup_lat, trips.dropoff_lat])
    lon = np.column_stack([trips.pickup_lon, trips.dropoff_lon])
    screening.reject("missing_coordinates", _either(~np.isfinite(lat) | ~np.isfinite(lon)))
    screening.reject("zero_coordinates", _either((lat == 0.0) & (lon == 0.0)))
    screening.reject("swapped_lat_lon", _either(_in_box(lon, lat, box_deg) & ~_in_box(lat, lon, box_deg)))
    with np.errstate(invalid="ignore"):
        screening.reject("coordinates_out_of_range", _either((np.abs(lat) > 90.0) | (np.abs(lon) > 180.0)))


def screen_times(screening: TripScreening, trips: SourceTrips, duration_s: Ints, shortest_s: int, longest_s: int) -> None:
    """Reject implausible times and durations (NO_TIME where unknown)."""
    screening.reject("dropoff_before_pickup", (trips.dropoff_utc_s != NO_TIME) & (trips.dropoff_utc_s < trips.pickup_utc_s))
    outside = (duration_s < shortest_s) | (duration_s > longest_s)
    screening.reject("duration_out_of_range", (duration_s != NO_TIME) & outside)


def screen_links(
    screening: TripScreening, snapped: SnappedTrips, trips: SourceTrips, built: BuiltNetwork, farthest_m: float
) -> None:
    """Reject trip ends without a kept link nearby: near a road cut from the network, or near none."""
    lost = (snapped.pickup_link == NO_LINK) | (snapped.dropoff_link == NO_LINK)
    screening.reject("into_the_cut", lost & _near_cut(snapped, trips, built, farthest_m))
    screening.reject("too_far_from_a_link", lost)


def screen_speeds(screening: TripScreening, duration_s: Ints, rows: Ints, distance_m: NDArray[np.float32]) -> None:
    """Reject trips that imply an implausible speed. `rows` are the trips that distance_m belongs to."""
    known_s = np.where(duration_s[rows] == NO_TIME, np.inf, duration_s[rows])
    broken = np.zeros(len(screening.accepted), dtype=np.bool_)
    broken[rows] = distance_m > FASTEST_MPS * known_s
    screening.reject("faster_than_a_taxi_can", broken)


def _either(ends: Mask) -> Mask:
    """Whether a trip end satisfies a condition: bool[T, 2] to bool[T]."""
    one: Mask = np.logical_or.reduce(ends, axis=1)
    return one


def _in_box(lat: Floats, lon: Floats, box: tuple[float, float, float, float]) -> Mask:
    south, west, north, east = box
    margin = _BOX_MARGIN_DEG
    # A box across 180 degrees ends beyond them.
    lon = np.where(lon < west - margin, lon + 360.0, lon)
    inside: Mask = (lat >= south - margin) & (lat <= north + margin) & (lon >= west - margin) & (lon <= east + margin)
    return inside


def _near_cut(snapped: SnappedTrips, trips: SourceTrips, built: BuiltNetwork, farthest_m: float) -> Mask:
    """Trips whose ends are all near a kept or a cut link, at least one only near a cut one."""
    segments = hailable_segments(built.cut_away)
    if not len(segments.link):
        return np.zeros(len(trips), dtype=np.bool_)
    snapper = Snapper(segments, "right")
    beside_cut = np.zeros((len(trips), 2), dtype=np.bool_)
    missing = np.column_stack([snapped.pickup_link, snapped.dropoff_link]) == NO_LINK
    ends = ((trips.pickup_lat, trips.pickup_lon), (trips.dropoff_lat, trips.dropoff_lon))
    for side, (lat, lon) in enumerate(ends):
        rows = np.flatnonzero(missing[:, side])
        link, _ = snapper.snap(*built.projection.to_metres(lat[rows], lon[rows]), farthest_m)
        beside_cut[rows, side] = link != NO_LINK
    near_cut: Mask = missing.any(axis=1) & (~missing | beside_cut).all(axis=1)
    return near_cut
