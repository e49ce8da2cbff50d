"""From routes of both arms to Passed, Blocked or NotChecked: pure, and the same for the same routes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from tunegate.domain.routes import Route, RoutesAnswer
from tunegate.gate.routes.measures import (
    ArmMeasures,
    RouteMeasures,
    Yardstick,
    common_share,
    measure_arm,
    measure_route,
)
from tunegate.gate.routes.policy import Limit, RoutePolicy

# A bound is broken by more than what is left of a decimal number in a float.
SLACK = 1e-9
WORDS = {
    "u_turns_per_10_km": ("U-turns", "per 10 km"),
    "hard_turns_per_10_km": ("turns across the traffic", "per 10 km"),
    "loops_per_hour": ("loops", "per hour"),
    "left_area_pct": ("routes that leave the service area", "%"),
    "no_chance_p95_min": ("longest time without a pickup chance, 95th percentile", "min"),
    "no_chance_max_min": ("longest time without a pickup chance", "min"),
}


@dataclass(frozen=True, slots=True)
class Passed:
    """Every limit holds."""

    KIND: ClassVar = "passed"


@dataclass(frozen=True, slots=True)
class Blocked:
    """At least one limit is broken: `reasons` names each with its numbers. Only an override with a reason lifts it."""

    KIND: ClassVar = "blocked"
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotChecked:
    """There is nothing to judge, and that is no pass: `reason` says why."""

    KIND: ClassVar = "not checked"
    reason: str


RouteResult = Passed | Blocked | NotChecked


@dataclass(frozen=True, slots=True)
class DrawnDay:
    """The routes of both arms on one day, from the same starts in the same hours."""

    day: date
    production: RoutesAnswer
    candidate: RoutesAnswer


@dataclass(frozen=True, slots=True)
class RoutePair:
    """One start in one hour under both arms. `common` is the share of production's metres that the candidate drives too."""

    day: date
    hour: int
    start: int
    production: RouteMeasures
    candidate: RouteMeasures
    common: float
    changed: bool


@dataclass(frozen=True, slots=True)
class RouteFindings:
    """The result, and every number it rests on; no numbers where nothing was checked."""

    result: RouteResult
    production: ArmMeasures | None = None
    candidate: ArmMeasures | None = None
    changed_pct: float | None = None
    pairs: tuple[RoutePair, ...] = ()


def check_routes(days: Sequence[DrawnDay], policy: RoutePolicy) -> RouteFindings:
    """Compare the arms over all days, and hold the candidate to the limits."""
    unfair = next((found for day in days for found in _unfair(day)), None)
    if unfair is not None or not any(day.production.routes for day in days):
        return RouteFindings(NotChecked(unfair or "no route was drawn"))
    pairs = tuple(pair for day in days for pair in _pairs(day, policy.yardstick))
    production = measure_arm([pair.production for pair in pairs])
    candidate = measure_arm([pair.candidate for pair in pairs])
    changed_pct = 100.0 * sum(pair.changed for pair in pairs) / len(pairs)
    reasons = tuple(_reasons(production, candidate, changed_pct, policy))
    return RouteFindings(Blocked(reasons) if reasons else Passed(), production, candidate, changed_pct, pairs)


def _unfair(day: DrawnDay) -> Iterator[str]:
    """Why the two arms of a day cannot be compared."""
    production, candidate = day.production, day.candidate
    if (production.city_digest, production.simulator_version) != (candidate.city_digest, candidate.simulator_version):
        yield f"the arms of {day.day} were drawn by different simulators, or in different cities"
    if _beginnings(production) != _beginnings(candidate):
        yield f"the arms of {day.day} do not begin at the same places"


def _beginnings(answer: RoutesAnswer) -> list[tuple[int, int, str]]:
    return [(route.hour, route.start, route.links[0]) for route in answer.routes]


def _pairs(day: DrawnDay, yardstick: Yardstick) -> Iterator[RoutePair]:
    for production, candidate in zip(day.production.routes, day.candidate.routes, strict=True):
        common = common_share(production, candidate)
        yield RoutePair(
            day=day.day,
            hour=production.hour,
            start=production.start,
            production=_measured(production, day.production, yardstick),
            candidate=_measured(candidate, day.candidate, yardstick),
            common=common,
            changed=common < yardstick.changed_below,
        )


def _measured(route: Route, answer: RoutesAnswer, yardstick: Yardstick) -> RouteMeasures:
    return measure_route(route, answer.hard_turn, yardstick)


def _reasons(production: ArmMeasures, candidate: ArmMeasures, changed_pct: float, policy: RoutePolicy) -> Iterator[str]:
    """Every broken limit in words."""
    limits = policy.limits
    if limits.changed_pct is not None and changed_pct > limits.changed_pct + SLACK:
        yield f"changed routes: {changed_pct:.1f} %, at most {limits.changed_pct:g} % allowed"
    for name, limit in limits.by_measure.items():
        yield from _broken(name, limit, getattr(production, name), getattr(candidate, name))


def _broken(name: str, limit: Limit, before: float, after: float) -> Iterator[str]:
    what, unit = WORDS[name]
    if limit.at_most is not None and after > limit.at_most + SLACK:
        yield f"{what}: {after:.2f} {unit}, at most {limit.at_most:g} allowed"
    if limit.worse is not None and after - before > limit.worse + SLACK:
        yield f"{what}: {before:.2f} to {after:.2f} {unit}, at most {limit.worse:g} more than production allowed"
