"""What a route check demands: how much worse than production the candidate's routes may be, and what they may never be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from tunegate.gate.routes.measures import Yardstick


@dataclass(frozen=True, slots=True)
class Limit:
    """Bounds on one measure of the candidate; None where there is no bound.

    `worse` is how much it may exceed production's on the same starts, `at_most` what it may not exceed whatever production
    does. Both are in the measure's own unit.
    """

    worse: float | None
    at_most: float | None


@dataclass(frozen=True, slots=True)
class RouteLimits:
    """One limit for each measure of an arm, under its name; `changed_pct` bounds the share of changed routes."""

    changed_pct: float | None
    u_turns_per_10_km: Limit
    hard_turns_per_10_km: Limit
    loops_per_hour: Limit
    left_area_pct: Limit
    no_chance_p95_min: Limit
    no_chance_max_min: Limit

    @property
    def by_measure(self) -> Mapping[str, Limit]:
        """The limits that belong to a measure of an arm."""
        return {name: getattr(self, name) for name in LIMITED}


LIMITED = tuple(field.name for field in fields(RouteLimits) if field.name != "changed_pct")


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """What counts as what, what is bounded, and whether a release needs a check that was made (`required`)."""

    required: bool
    yardstick: Yardstick
    limits: RouteLimits
