"""The report of an import: what was kept, repaired and rejected, by kind, and what looks wrong as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from hailsim.findings import Finding, counts, examples
from hailsim.model.city import City
from hailsim.model.geometry import Floats
from hailsim.model.network import BuiltNetwork
from hailsim.readers.days import Coverage
from hailsim.readers.factors import MAX_FACTOR, MIN_FACTOR
from hailsim.readers.match import SnappedTrips
from hailsim.readers.prepare import Durations
from hailsim.readers.source import VacantRuns

_PERCENTILES = (50, 90, 95, 99, 100)
_SUSPICIOUS_REJECTED_SHARE = 0.2
_SUSPICIOUS_CLOSED_SHARE = 0.2
_SUSPICIOUS_KIND_SHARE = 0.5
# Kinds of roads that are most of the network in some city.
_STREETS = frozenset({"residential", "unclassified", "tertiary", "secondary", "primary"})
_CLOSED = "closed_to_cars"


@dataclass(frozen=True, slots=True)
class ReportParts:
    """Everything that the report describes. read, kept: numbers of trips. rejected, repaired: findings about trips."""

    city: City
    built: BuiltNetwork
    main_kind: tuple[str, float] | None
    coverage: Coverage
    snapped: SnappedTrips
    farthest_snap_m: float
    read: int
    kept: int
    rejected: Sequence[Finding]
    repaired: Sequence[Finding]
    vacant: VacantRuns | None
    durations: Durations
    factors_from: str
    observed_over_freeflow: float | None
    fleet_from: str


def import_report(parts: ReportParts) -> dict[str, object]:
    """The report as JSON values. Kinds that did not occur are absent."""
    city, fleet = parts.city, parts.city.fleet
    active = round(float(fleet.active_share.mean()), 4)
    trips: dict[str, object] = {"read": parts.read, "kept": parts.kept, "rejected": counts(parts.rejected)}
    if parts.repaired:
        trips["repaired"] = counts(parts.repaired)
    report: dict[str, object] = {
        "network": parts.built.report.as_json(),
        "snapping_m": {
            "pickup": _percentiles(parts.snapped.pickup_m),
            "dropoff": _percentiles(parts.snapped.dropoff_m),
            "farthest_allowed": parts.farthest_snap_m,
        },
        "trips": trips,
        "days": _days(city, parts.coverage),
        "travel_time": {"from": parts.factors_from, **_travel_time(parts)},
        "fleet": {
            "from": parts.fleet_from,
            "taxis": fleet.taxis,
            "mean_active_share": active,
        },
        "fare": asdict(city.fare),
    }
    runs = () if parts.vacant is None else (*parts.vacant.unreadable, *parts.vacant.repaired)
    if runs:
        report["vacant_runs"] = counts(runs)
    warnings = list(_warnings(parts))
    if warnings:
        report["warnings"] = warnings
    return report


def report_examples(parts: ReportParts) -> dict[str, str]:
    """The first occurrence of every kind of repair and rejection."""
    runs = () if parts.vacant is None else (*parts.vacant.unreadable, *parts.vacant.repaired)
    found = examples(runs)
    return {**found, **examples((*parts.built.findings, *parts.repaired, *parts.rejected))}


def _percentiles(distance_m: Floats) -> dict[str, float]:
    values = np.percentile(distance_m, _PERCENTILES)
    return {f"p{share}": round(float(value), 1) for share, value in zip(_PERCENTILES, values, strict=True)}


def _days(city: City, coverage: Coverage) -> dict[str, object]:
    per_day = np.bincount(city.trips.day, minlength=city.days)
    days: dict[str, object] = {
        "first": city.first_day.isoformat(),
        "last": city.last_day.isoformat(),
        "covered": city.days,
        "day_start_hour": city.day_start_hour,
        "trips_a_day": {"least": int(per_day.min()), "median": float(np.median(per_day)), "most": int(per_day.max())},
        "left_out": {day.isoformat(): count for day, count in coverage.left_out.items()},
    }
    if coverage.strays:
        days["stray_trips_by_year"] = {str(year): count for year, count in coverage.strays.items()}
    return days


def _travel_time(parts: ReportParts) -> dict[str, object]:
    """Overall ratio of observed to free-flow time, and the factors by local hour, averaged over the week."""
    ratio, factors = parts.observed_over_freeflow, parts.city.travel_time_factor
    by_hour = factors.reshape(7, 24).mean(axis=0)
    return {
        "median_observed_over_freeflow": None if ratio is None else round(ratio, 3),
        "by_hour": [round(float(value), 3) for value in by_hour],
        "hours_of_week_clipped": _hours_at_bound(parts),
    }


def _hours_at_bound(parts: ReportParts) -> int:
    factors = parts.city.travel_time_factor
    return int(((factors <= MIN_FACTOR) | (factors >= MAX_FACTOR)).sum())


def _warnings(parts: ReportParts) -> Iterator[str]:
    """What looks wrong as a whole, although every single value may be possible."""
    durations = parts.durations
    if durations.rounding_s:
        origin = f"durations are taken from {durations.origin}" if durations.origin else "no trip has a usable duration"
        yield f"times are rounded to {durations.rounding_s // 60} min: customers appear in bursts, and {origin}"
    clipped = _hours_at_bound(parts)
    if clipped:
        yield (
            f"{clipped} of 168 travel-time factors are at a bound ({MIN_FACTOR:g} or {MAX_FACTOR:g}): check the speeds of the "
            "network and the durations of the trips"
        )
    refused = [finding for finding in parts.rejected if finding.kind != "outside_covered_days"]
    lost = sum(finding.count for finding in refused)
    if lost > _SUSPICIOUS_REJECTED_SHARE * parts.read:
        most = max(refused, key=lambda finding: finding.count)
        yield f"{lost / parts.read:.0%} of the trips are rejected, most for {most.kind.replace('_', ' ')}"
    closed = sum(finding.count for finding in parts.built.findings if finding.kind.startswith(_CLOSED))
    roads = closed + parts.built.report.repairs.links_read
    if closed > _SUSPICIOUS_CLOSED_SHARE * roads:
        yield f"{closed / roads:.0%} of the roads are closed to cars: this may not be a network for driving"
    if parts.main_kind is not None and parts.main_kind[1] > _SUSPICIOUS_KIND_SHARE and parts.main_kind[0] not in _STREETS:
        yield f"{parts.main_kind[1]:.0%} of the roads are highway={parts.main_kind[0]}: this may not be a network of streets"
