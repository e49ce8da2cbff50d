"""A road network as read from a source, and its cleaning: repairs, removals and refusals.

Glossary: J junctions, L directed links, S shape points. NaN (or -1 for a class) means not given by the source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import BadInput, Fault, refuse
from hailsim.findings import Finding, counts, found_where
from hailsim.model.city import RoadClass
from hailsim.model.geometry import Floats, Projection

Mask = NDArray[np.bool_]
CLASS_UNKNOWN = -1
_SHOWN = 5
SHORTEST_LINK_M = 1.0
# A road cannot be shorter than the straight line between its ends; 5 % allows for rounding and projection.
CHORD_TOLERANCE = 0.95
SAME_LENGTH_WITHIN_M = 1.0
EXPRESS_FROM_KMH = 60.0
ARTERIAL_FROM_KMH = 45.0
DEFAULT_SPEED_KMH = {RoadClass.LOCAL: 30.0, RoadClass.ARTERIAL: 40.0, RoadClass.EXPRESS: 80.0}
SLOWEST_KMH, FASTEST_KMH = 5.0, 130.0


@dataclass(frozen=True, slots=True)
class Links:
    """Directed links between junctions: link_from, link_to: int64[L]. length_m, speed_kmh: float64[L]. road_class: int8[L].

    Speeds are in km/h, as in every source. road_class: a RoadClass, or CLASS_UNKNOWN.
    """

    link_from: NDArray[np.int64]
    link_to: NDArray[np.int64]
    length_m: Floats
    speed_kmh: Floats
    road_class: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class RawNetwork(Links):
    """Unchecked links, lengths and speeds NaN where not given, with junctions and names.

    junction_name: J names for messages. lat_deg, lon_deg: float64[J]. link_name: L names. shape_start: int64[L+1],
    shape_lat_deg, shape_lon_deg: float64[S], the polyline of link k at shape_start[k]:shape_start[k+1], both ends included.
    findings: repairs and omissions by the reader. main_kind: the most frequent kind of road in the source and its share of
    links, if the source tells kinds.
    """

    junction_name: tuple[str, ...]
    lat_deg: Floats
    lon_deg: Floats
    link_name: tuple[str, ...]
    shape_start: NDArray[np.int64]
    shape_lat_deg: Floats
    shape_lon_deg: Floats
    findings: tuple[Finding, ...] = ()
    main_kind: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class CleanNetwork(Links):
    """Links that satisfy every rule except connectivity; K of the source's links remain.

    source_link: int64[K] index into the source's links. point_start: int64[K+1], point_x_m, point_y_m: float64[S] polylines
    in metres. length_m, speed_kmh > 0; road_class is a RoadClass.
    """

    projection: Projection
    source_link: NDArray[np.int64]
    point_start: NDArray[np.int64]
    point_x_m: Floats
    point_y_m: Floats


@dataclass(frozen=True, slots=True)
class RepairReport:
    """Number of links affected by each repair."""

    links_read: int
    loops_dropped: int
    duplicates_merged: int
    lengths_from_geometry: int
    lengths_raised_to_chord: int
    zero_lengths_raised: int
    speeds_defaulted: int
    speeds_clipped: int
    classes_from_speed: int


def straight_shapes(
    lat_deg: Floats, lon_deg: Floats, link_from: NDArray[np.int64], link_to: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Shapes for a source without geometry: the two junctions of each link."""
    ends = np.column_stack([link_from, link_to]).ravel()
    return np.arange(len(link_from) + 1, dtype=np.int64) * 2, lat_deg[ends], lon_deg[ends]


def check_raw_network(raw: RawNetwork) -> None:
    """Refuse what cannot be repaired: no links, dangling ends, invalid coordinates, negative lengths or speeds."""
    if len(raw.link_from) == 0:
        raise refuse("a network must have at least one link", 0, "the road network", "Use a network with directed links.")
    junctions = len(raw.junction_name)
    dangling = (np.minimum(raw.link_from, raw.link_to) < 0) | (np.maximum(raw.link_from, raw.link_to) >= junctions)
    faults = _faults(
        "every link must join two junctions of the network",
        dangling,
        raw.link_name,
        "link",
        "Add the junction or drop the link.",
    )
    lost = ~(np.isfinite(raw.lat_deg) & np.isfinite(raw.lon_deg))
    lost |= (np.abs(raw.lat_deg) > 90.0) | (np.abs(raw.lon_deg) > 180.0)
    remedy = "Use WGS84 degrees; check that latitude and longitude are not swapped."
    faults += _faults(
        "a junction must have a latitude in [-90, 90] and a longitude in [-180, 180]",
        lost,
        raw.junction_name,
        "junction",
        remedy,
    )
    bent = ~(np.isfinite(raw.shape_lat_deg) & np.isfinite(raw.shape_lon_deg))
    bent |= (np.abs(raw.shape_lat_deg) > 90.0) | (np.abs(raw.shape_lon_deg) > 180.0)
    owner = np.repeat(np.arange(len(raw.link_from)), np.diff(raw.shape_start))
    bent_links = np.bincount(owner[bent], minlength=len(raw.link_from)) > 0
    faults += _faults(
        "every point of a link's geometry must have finite WGS84 degrees", bent_links, raw.link_name, "link", remedy
    )
    with np.errstate(invalid="ignore"):
        minus = (raw.length_m < 0.0) | np.isinf(raw.length_m)
        slow = (raw.speed_kmh <= 0.0) | np.isinf(raw.speed_kmh)
    faults += _faults(
        "a length must be finite and not negative",
        minus,
        raw.link_name,
        "link",
        "Correct it, or leave it empty to measure the geometry.",
    )
    faults += _faults(
        "a speed must be finite and positive",
        slow,
        raw.link_name,
        "link",
        "Correct it, or leave it empty to use the default of its class.",
    )
    if faults:
        raise BadInput(faults)


def clean_network(raw: RawNetwork) -> tuple[CleanNetwork, RepairReport, tuple[Finding, ...]]:
    """Check, repair and project a source's network.

    Returns the network, the count of every repair, and the repairs with examples. Raises BadInput for what cannot be repaired.
    """
    check_raw_network(raw)
    projection = Projection.around(raw.lat_deg, raw.lon_deg)
    east_m, north_m = projection.to_metres(raw.shape_lat_deg, raw.shape_lon_deg)
    road_class, classes_from_speed = _classes(raw)
    speed_kmh, defaulted, clipped = _speeds(raw.speed_kmh, road_class)
    length_m, measured, raised, zero = _lengths(raw, east_m, north_m)
    network = CleanNetwork(
        projection=projection,
        source_link=np.arange(len(raw.link_from), dtype=np.int64),
        link_from=raw.link_from,
        link_to=raw.link_to,
        length_m=length_m,
        speed_kmh=speed_kmh,
        road_class=road_class,
        point_start=raw.shape_start,
        point_x_m=east_m,
        point_y_m=north_m,
    )
    # A loop adds no reachability, and without geometry it has no bearing.
    loops = raw.link_from == raw.link_to
    network = select_links(network, ~loops)
    unique = _first_of_duplicates(network)
    merged = np.zeros(len(raw.link_from), dtype=np.bool_)
    merged[network.source_link[~unique]] = True
    repaired = {
        "loops_dropped": loops,
        "duplicates_merged": merged,
        "lengths_from_geometry": measured,
        "lengths_raised_to_chord": raised,
        "zero_lengths_raised": zero,
        "speeds_defaulted": defaulted,
        "speeds_clipped": clipped,
        "classes_from_speed": classes_from_speed,
    }
    findings = tuple(
        item
        for kind, links in repaired.items()
        for item in found_where(kind, links, lambda link: f"link {raw.link_name[link]}")
    )
    report = RepairReport(len(raw.link_from), **{**dict.fromkeys(repaired, 0), **counts(findings)})
    return select_links(network, unique), report, findings


def select_links(network: CleanNetwork, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> CleanNetwork:
    """The chosen links (a mask, or indices in the new order) with their geometry."""
    index = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
    sizes = np.diff(network.point_start)[index]
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    points = np.repeat(network.point_start[index] - start[:-1], sizes) + np.arange(start[-1])
    return replace(
        network,
        source_link=network.source_link[index],
        link_from=network.link_from[index],
        link_to=network.link_to[index],
        length_m=network.length_m[index],
        speed_kmh=network.speed_kmh[index],
        road_class=network.road_class[index],
        point_start=start,
        point_x_m=network.point_x_m[points],
        point_y_m=network.point_y_m[points],
    )


def _faults(rule: str, broken: NDArray[np.bool_], names: tuple[str, ...], what: str, remedy: str) -> list[Fault]:
    where = np.flatnonzero(broken)
    if not len(where):
        return []
    shown = ", ".join(names[k] for k in where[:_SHOWN]) + (", …" if len(where) > _SHOWN else "")
    return [Fault(rule=rule, value=f"{len(where)} that do not", place=f"{what} {shown}", remedy=remedy)]


def _classes(raw: RawNetwork) -> tuple[NDArray[np.int8], Mask]:
    """Classes, derived from the speed limit where not given: expressway from 60 km/h, arterial from 45 km/h."""
    unknown = raw.road_class == CLASS_UNKNOWN
    # A speed above any legal limit is an error and says nothing about the class.
    plausible_kmh = np.where(raw.speed_kmh <= FASTEST_KMH, raw.speed_kmh, 0.0)
    by_speed = np.full(len(plausible_kmh), RoadClass.LOCAL, dtype=np.int8)
    by_speed[plausible_kmh >= ARTERIAL_FROM_KMH] = RoadClass.ARTERIAL
    by_speed[plausible_kmh >= EXPRESS_FROM_KMH] = RoadClass.EXPRESS
    return np.where(unknown, by_speed, raw.road_class).astype(np.int8), unknown


def _speeds(given_kmh: Floats, road_class: NDArray[np.int8]) -> tuple[Floats, Mask, Mask]:
    default_kmh = np.array([DEFAULT_SPEED_KMH[RoadClass(k)] for k in range(len(RoadClass))])[road_class]
    with np.errstate(invalid="ignore"):
        missing = np.isnan(given_kmh) | (given_kmh > FASTEST_KMH)
    known_kmh = np.where(missing, default_kmh, given_kmh)
    clipped = known_kmh < SLOWEST_KMH
    return np.maximum(known_kmh, SLOWEST_KMH), missing, clipped


def _lengths(raw: RawNetwork, east_m: Floats, north_m: Floats) -> tuple[Floats, Mask, Mask, Mask]:
    step_m = np.hypot(np.diff(east_m), np.diff(north_m))
    along = np.concatenate([[0.0], np.cumsum(step_m)])
    first, last = raw.shape_start[:-1], raw.shape_start[1:] - 1
    measured_m = along[last] - along[first]
    chord_m = np.hypot(east_m[last] - east_m[first], north_m[last] - north_m[first])
    missing = np.isnan(raw.length_m)
    length_m = np.where(missing, measured_m, raw.length_m)
    zero = length_m < SHORTEST_LINK_M
    length_m = np.where(zero, np.maximum(measured_m, SHORTEST_LINK_M), length_m)
    too_short = length_m < CHORD_TOLERANCE * chord_m
    return np.where(too_short, measured_m, length_m), missing, too_short & ~zero, zero & ~missing


def _first_of_duplicates(network: CleanNetwork) -> NDArray[np.bool_]:
    """Keep the fastest of links between the same junctions with equal length (within 1 m); longer ones are separate roads."""
    order = np.lexsort((network.source_link, -network.speed_kmh, network.length_m, network.link_to, network.link_from))
    start, end, length_m = network.link_from[order], network.link_to[order], network.length_m[order]
    same = (start[1:] == start[:-1]) & (end[1:] == end[:-1]) & (np.diff(length_m) <= SAME_LENGTH_WITHIN_M)
    unique = np.ones(len(order), dtype=np.bool_)
    # Runs of near-equal lengths: keep the fastest of each run, not merely the first of each pair.
    run = np.concatenate([[0], np.cumsum(~same)])[: len(order)]
    by_speed = np.lexsort((np.arange(len(order)), -network.speed_kmh[order], run))
    unique[order[by_speed[1:][np.diff(run[by_speed]) == 0]]] = False
    return unique
