"""Build a city from a source: days, links, drives, traffic and fleet, with a report of everything left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.model.cab_days import CabDay
from hailsim.model.city import City, Fare, Fleet, Trips
from hailsim.model.geometry import unwrap_longitudes
from hailsim.model.network import BuiltNetwork, build_network, turn_seconds
from hailsim.model.raw_network import RawNetwork
from hailsim.readers.cab_activity import CabIntervals, observe
from hailsim.readers.clock import date_of, hour_of_week, operating_day, wall_seconds
from hailsim.readers.days import covered_days, quietest_hour, refuse_empty_days
from hailsim.readers.factors import SHORTEST_FREEFLOW_S, default_factors, travel_time_factors
from hailsim.readers.fleet import active_seconds, cabs_a_day, default_fleet, fleet_of_cabs
from hailsim.readers.import_report import ReportParts, import_report, report_examples
from hailsim.readers.match import Drives, SnappedTrips, measure_drives, same_street, snap_trips
from hailsim.readers.prepare import Durations, drop_repeats, trip_durations
from hailsim.readers.progress import NoProgress, Progress
from hailsim.readers.screening import TripScreening, screen_coordinates, screen_links, screen_speeds, screen_times
from hailsim.readers.snap import Snapper, hailable_segments
from hailsim.readers.source import NO_TIME, SourceCity, SourceTrips
from hailsim.readers.timeline import Timeline

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """The settings of an import. None for `day_start_hour` means the quietest hour.

    first_day, last_day limit the days imported. taxis overrides the fleet size.
    """

    name: str
    zone: ZoneInfo
    driving_side: Literal["left", "right"]
    fare: Fare
    holidays: frozenset[date]
    day_start_hour: int | None = 4
    first_day: date | None = None
    last_day: date | None = None
    taxis: int | None = None
    max_cut_share: float = 0.10
    farthest_snap_m: float = 300.0
    shortest_trip_s: int = 60
    longest_trip_s: int = 7200


@dataclass(frozen=True, slots=True)
class ImportedCity:
    """A city not yet written (its digest is empty), the import report, its examples, and the observed cab days.

    `examples`: the first occurrence of every kind of repair and rejection. They are shown, but not stored with the city.
    `observed` is empty if the source does not identify cabs and their vacant runs.
    """

    city: City
    report: Mapping[str, object]
    examples: Mapping[str, str]
    observed: tuple[CabDay, ...]


@dataclass(frozen=True, slots=True)
class _Matched:
    """The M trips kept, in the order of the source.

    rows: int64[M] of the source. drives, snapped: M trips each.
    """

    rows: Ints
    drives: Drives
    snapped: SnappedTrips


def assemble(source: SourceCity, settings: ImportSettings, progress: Progress | None = None) -> ImportedCity:
    """Build the city. Raises BadInput for what cannot be repaired; the report counts everything repaired or left out."""
    progress = progress or NoProgress()
    progress.stage("road network")
    built = build_network(source.network, settings.max_cut_share)
    progress.stage("trips")
    read = len(source.trips) + sum(finding.count for finding in source.trips.unreadable)
    source, repeated = drop_repeats(source)
    durations = trip_durations(source.trips)
    screening = TripScreening(source.trips)
    screen_coordinates(screening, source.trips, _box(source.network))
    screen_times(screening, source.trips, durations.seconds, settings.shortest_trip_s, settings.longest_trip_s)
    timeline = _timeline(source, settings, screening)
    matched = _match(source, settings, built, screening, durations=durations, progress=progress)
    refuse_empty_days(timeline.day[matched.rows], timeline.coverage)
    progress.stage("traffic and fleet")
    observed_s = durations.seconds[matched.rows]
    factors, factors_from = _traffic(observed_s, matched, timeline, durations.rounding_s)
    hours = hour_of_week(timeline.wall_s[matched.rows])
    drive_s_per_day = float((matched.drives.drive_freeflow_s * factors[hours]).sum()) / timeline.coverage.days
    fleet, fleet_from = _fleet(source, settings, timeline, drive_s_per_day)
    city = _city(settings, built, timeline, matched, factors=factors, fleet=fleet)
    rejected = (*source.trips.unreadable, *repeated, *screening.rejected)
    parts = ReportParts(
        city=city,
        built=built,
        main_kind=source.network.main_kind,
        coverage=timeline.coverage,
        snapped=matched.snapped,
        farthest_snap_m=settings.farthest_snap_m,
        read=read,
        kept=len(matched.rows),
        rejected=rejected,
        repaired=source.trips.repaired,
        vacant=source.vacant,
        durations=durations,
        factors_from=factors_from,
        observed_over_freeflow=_overall_ratio(observed_s, matched),
        fleet_from=fleet_from,
    )
    return ImportedCity(city, import_report(parts), report_examples(parts), _observed(source, settings, timeline))


def _box(network: RawNetwork) -> tuple[float, float, float, float]:
    """South, west, north, east; east exceeds 180 degrees where the network lies across them."""
    lat, lon = network.lat_deg, unwrap_longitudes(network.lon_deg)
    return float(lat.min()), float(lon.min()), float(lat.max()), float(lon.max())


def _match(
    source: SourceCity,
    settings: ImportSettings,
    built: BuiltNetwork,
    screening: TripScreening,
    *,
    durations: Durations,
    progress: Progress,
) -> _Matched:
    """Snap the accepted trips, reject those without a link or path, and measure the drives."""
    trips = source.trips
    snapper = Snapper(hailable_segments(built.cleaned), settings.driving_side)
    # Rejected rows become NaN, which is not snapped.
    ends = [
        np.where(screening.accepted, end, np.nan)
        for end in (trips.pickup_lat, trips.pickup_lon, trips.dropoff_lat, trips.dropoff_lon)
    ]
    snapped = snap_trips(built, snapper, (ends[0], ends[1], ends[2], ends[3]), settings.farthest_snap_m)
    screen_links(screening, snapped, trips, built, settings.farthest_snap_m)
    screening.reject("same_street", same_street(built.network, snapped))
    rows = np.flatnonzero(screening.accepted)
    turn_s = turn_seconds(settings.driving_side)
    progress.stage("drives")
    ends_of_drives = snapped.pickup_link[rows], snapped.dropoff_link[rows]
    drives = measure_drives(built.network, turn_s, *ends_of_drives, progress.advance)
    screen_speeds(screening, durations.seconds, rows, drives.distance_m)
    _refuse_none_left(screening)
    kept = screening.accepted[rows]
    return _Matched(rows=rows[kept], drives=drives.select(kept), snapped=snapped.select(rows[kept]))


def _timeline(source: SourceCity, settings: ImportSettings, screening: TripScreening) -> Timeline:
    """Operating days of all trips; those outside the covered days are rejected."""
    _refuse_none_left(screening)
    wall_s = wall_seconds(source.trips.pickup_utc_s, settings.zone)
    start_hour = settings.day_start_hour
    if start_hour is None:
        start_hour = quietest_hour(wall_s[screening.accepted])
    coverage = covered_days(wall_s[screening.accepted], start_hour, settings.first_day, settings.last_day)
    day, second = operating_day(wall_s, start_hour)
    day = day - coverage.first
    screening.reject("outside_covered_days", (day < 0) | (day >= coverage.days))
    return Timeline(wall_s, day, second, settings.zone, start_hour, coverage)


def _refuse_none_left(screening: TripScreening) -> None:
    if not screening.accepted.any():
        counts = ", ".join(f"{found.kind} {found.count}, such as {found.example}" for found in screening.rejected)
        remedy = "Check that network and trips are of the same city, and that latitude and longitude are not swapped."
        raise refuse(
            "some trips must be on the network and valid",
            f"none of {len(screening.accepted)} ({counts})",
            "the trips",
            remedy,
        )


def _overall_ratio(observed_s: Ints, matched: _Matched) -> float | None:
    """Median observed over free-flow time; None if no duration is known."""
    known = observed_s != NO_TIME
    return float(np.median(observed_s[known] / matched.drives.drive_freeflow_s[known])) if known.any() else None


def _traffic(observed_s: Ints, matched: _Matched, timeline: Timeline, rounding_s: int) -> tuple[NDArray[np.float32], str]:
    """Travel-time factors by hour of week, and where they come from."""
    known = observed_s != NO_TIME
    if not known.any():
        reason = f"the times are rounded to {rounding_s // 60} min" if rounding_s else "the source has no drop-off times"
        return default_factors(), f"default profile: {reason}"
    hours = hour_of_week(timeline.wall_s[matched.rows[known]])
    fitted = travel_time_factors(hours, observed_s[known].astype(np.float64), matched.drives.drive_freeflow_s[known])
    if fitted is None:
        return default_factors(), f"default profile: no trip with a free-flow drive of {SHORTEST_FREEFLOW_S:.0f} s"
    return fitted, "fitted to recorded durations" if rounding_s else "fitted to observed trips"


def _fleet(source: SourceCity, settings: ImportSettings, timeline: Timeline, drive_s_per_day: float) -> tuple[Fleet, str]:
    """The observed fleet if cabs' trips and vacant runs are known, else the default working day."""
    trips, vacant, days = source.trips, source.vacant, timeline.coverage.days
    if trips.cab is None:
        fleet = default_fleet(settings.taxis, drive_s_per_day, timeline.start_hour)
        return fleet, "default working day" + ("" if settings.taxis else "; taxis for half of their time occupied")
    if vacant is None:
        taxis = settings.taxis or cabs_a_day(trips.cab, timeline.day, days)
        return default_fleet(taxis, drive_s_per_day, timeline.start_hour), "default working day; cabs with trips a day"
    vacant_day, vacant_second = timeline.operating_days(vacant.start_utc_s)
    duration_s = _seconds_between(trips)
    duration_s[duration_s > settings.longest_trip_s] = 0
    active_s = active_seconds(timeline.day, timeline.second, duration_s, days)
    active_s += active_seconds(vacant_day, vacant_second, vacant.end_utc_s - vacant.start_utc_s, days)
    taxis = cabs_a_day(np.concatenate([trips.cab, vacant.cab]), np.concatenate([timeline.day, vacant_day]), days)
    fleet = fleet_of_cabs(taxis, active_s, days)
    # An explicit fleet size keeps the observed hours.
    return Fleet(settings.taxis or taxis, fleet.active_share), "cabs' trips and vacant runs"


def _seconds_between(trips: SourceTrips) -> Ints:
    """From pickup to drop-off, int64[T]; 0 where the drop-off time is unknown."""
    return np.where(trips.dropoff_utc_s == NO_TIME, 0, trips.dropoff_utc_s - trips.pickup_utc_s)


def _observed(source: SourceCity, settings: ImportSettings, timeline: Timeline) -> tuple[CabDay, ...]:
    """Observed cab days, including trips rejected because of their location."""
    trips, vacant = source.trips, source.vacant
    if trips.cab is None or vacant is None:
        return ()
    duration_s = _seconds_between(trips)
    good = (duration_s >= settings.shortest_trip_s) & (duration_s <= settings.longest_trip_s)
    driven = CabIntervals(trips.cab, timeline.day, timeline.second, duration_s, trips.distance_m).select(good)
    day, second = timeline.operating_days(vacant.start_utc_s)
    runs = CabIntervals(vacant.cab, day, second, vacant.end_utc_s - vacant.start_utc_s, vacant.distance_m)
    ends = vacant.ends_in_pickup if vacant.ends_in_pickup is not None else np.zeros(len(day), np.bool_)
    return observe(driven, runs, ends, timeline.coverage.first, timeline.coverage.days)


def _city(
    settings: ImportSettings,
    built: BuiltNetwork,
    timeline: Timeline,
    matched: _Matched,
    *,
    factors: NDArray[np.float32],
    fleet: Fleet,
) -> City:
    first_day, last_day = date_of(timeline.coverage.first), date_of(timeline.coverage.last)
    return City(
        name=settings.name,
        timezone=settings.zone.key,
        driving_side=settings.driving_side,
        day_start_hour=timeline.start_hour,
        first_day=first_day,
        last_day=last_day,
        holidays=frozenset(day for day in settings.holidays if first_day <= day <= last_day),
        network=built.network,
        trips=_sorted_trips(timeline, matched),
        fare=settings.fare,
        fleet=fleet,
        travel_time_factor=factors,
        turn_s=turn_seconds(settings.driving_side),
        digest="",
        reference_lat_deg=built.projection.lat_deg,
        reference_lon_deg=built.projection.lon_deg,
    )


def _sorted_trips(timeline: Timeline, matched: _Matched) -> Trips:
    """Sorted by day and second, then links, so that the order of source rows does not matter."""
    day, second, drives = timeline.day[matched.rows], timeline.second[matched.rows], matched.drives
    order = np.lexsort((drives.drive_freeflow_s, drives.dropoff_link, drives.pickup_link, second, day))
    return Trips(
        day=day[order].astype(np.int32),
        appears_s=second[order].astype(np.int32),
        pickup_link=drives.pickup_link[order].astype(np.int32),
        dropoff_link=drives.dropoff_link[order].astype(np.int32),
        drive_freeflow_s=drives.drive_freeflow_s[order],
        distance_m=drives.distance_m[order],
    )
