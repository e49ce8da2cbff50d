"""The shape of the section `routes`: which routes are drawn before anybody approves, and what they must not do."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tunegate.config.section import Section
from tunegate.domain.routes import LonLat
from tunegate.gate.routes.measures import Yardstick
from tunegate.gate.routes.policy import LIMITED, Limit, RouteLimits, RoutePolicy


class LimitSection(Section):
    """Bounds on one measure of the candidate's routes."""

    worse: float | None = Field(
        ge=0,
        le=1_000_000,
        description="how much more than production's on the same starts is tolerated; null for no such bound",
    )
    at_most: float | None = Field(
        ge=0, le=1_000_000, description="what is not tolerated whatever production does; null for no such bound"
    )


class RouteLimitsSection(Section):
    """One limit for each measure; a broken one blocks."""

    changed_pct: float | None = Field(
        ge=0, le=100, description="share of routes that may be changed, in percent; null for no bound"
    )
    u_turns_per_10_km: LimitSection = Field(description="U-turns")
    hard_turns_per_10_km: LimitSection = Field(description="turns across the oncoming traffic")
    loops_per_hour: LimitSection = Field(description="circles that were hardly worth driving, per hour of search")
    left_area_pct: LimitSection = Field(description="share of routes that leave the service area, in percent")
    no_chance_p95_min: LimitSection = Field(
        description="longest time of a route without a pickup chance, in minutes: 95th percentile over the routes"
    )
    no_chance_max_min: LimitSection = Field(description="the same of the worst route")

    @property
    def limits(self) -> RouteLimits:
        """The check's limits."""
        found = {name: getattr(self, name) for name in LIMITED}
        return RouteLimits(self.changed_pct, **{name: Limit(one.worse, one.at_most) for name, one in found.items()})


class PlaceSection(Section):
    """A place where a route begins."""

    lon: float = Field(ge=-180, le=180, description="longitude in degrees")
    lat: float = Field(ge=-90, le=90, description="latitude in degrees")


class RoutesSection(Section):
    """Which routes are drawn of both arms, how they are measured, and what blocks."""

    required: bool = Field(description="whether nothing may be released whose routes were not checked")
    hours: list[Annotated[int, Field(ge=0, le=23)]] = Field(
        min_length=1, description="hours of the clock at which routes begin, each 0 to 23"
    )
    starts: int = Field(ge=1, le=1000, description="starts, drawn where vacant taxis are to be expected")
    places: list[PlaceSection] = Field(
        default_factory=list, description="places that are looked at besides, each with lon and lat in degrees"
    )
    days: int = Field(2, ge=1, le=31, description="validation days on which routes are drawn, the last ones")
    duration_min: int = Field(45, ge=5, le=720, description="minutes that a route goes on without meeting anybody")
    chance_pct: float = Field(
        1.0, gt=0, le=100, description="chance of a pickup from which on a link counts as one, in percent"
    )
    loop_min: int = Field(10, ge=1, le=120, description="minutes within which the same link again is a loop")
    loop_chance_pct: float = Field(
        5.0, gt=0, le=100, description="chance of a pickup on the whole circle from which on it was worth driving, in percent"
    )
    changed_below_pct: float = Field(
        50.0, gt=0, le=100, description="share of production's metres below which a route counts as changed, in percent"
    )
    limits: RouteLimitsSection = Field(description="what blocks a release")

    @property
    def policy(self) -> RoutePolicy:
        """The check's policy."""
        yardstick = Yardstick(
            chance=self.chance_pct / 100.0,
            loop_s=self.loop_min * 60,
            loop_chance=self.loop_chance_pct / 100.0,
            changed_below=self.changed_below_pct / 100.0,
        )
        return RoutePolicy(self.required, yardstick, self.limits.limits)

    @property
    def named_places(self) -> tuple[LonLat, ...]:
        """The places as (longitude, latitude)."""
        return tuple((place.lon, place.lat) for place in self.places)
