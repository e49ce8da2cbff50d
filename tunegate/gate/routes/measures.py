"""What is counted on routes: each alone, all of an arm together, and the two arms side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tunegate.domain.routes import U_TURN, HardTurn, Route

METRES_PER_10_KM = 10_000.0


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What counts as what.

    A link is a *chance* from `chance` on (a share). A *loop* is a link entered again within `loop_s` seconds after a circle
    whose links together gave less than `loop_chance`. A route is *changed* when less than `changed_below` of production's
    metres are on the candidate's too.
    """

    chance: float
    loop_s: int
    loop_chance: float
    changed_below: float = 0.5


@dataclass(frozen=True, slots=True)
class RouteMeasures:
    """One route: how far, how long, what was counted. `longest_dry_s` is the longest time between links that are a chance."""

    metres: float
    seconds: int
    u_turns: int
    hard_turns: int
    loops: int
    left_area: bool
    longest_dry_s: int


@dataclass(frozen=True, slots=True)
class ArmMeasures:
    """All routes of one arm. Percentages are shares of routes; the 95th percentile is the nearest rank."""

    routes: int
    u_turns_per_10_km: float
    hard_turns_per_10_km: float
    loops_per_hour: float
    left_area_pct: float
    no_chance_p95_min: float
    no_chance_max_min: float


def measure_route(route: Route, hard_turn: HardTurn, yardstick: Yardstick) -> RouteMeasures:
    """Count on one route."""
    return RouteMeasures(
        metres=math.fsum(route.length_m),
        seconds=route.at_s[-1],
        u_turns=route.turns.count(U_TURN),
        hard_turns=route.turns.count(hard_turn),
        loops=len(loops(route, yardstick)),
        left_area=bool(route.outside),
        longest_dry_s=_longest_dry_s(route, yardstick.chance),
    )


def measure_arm(routes: Sequence[RouteMeasures]) -> ArmMeasures:
    """Put the routes of one arm together. Raises ValueError when there is none."""
    if not routes:
        raise ValueError("an arm must have at least one route")
    tens_of_km = max(math.fsum(route.metres for route in routes) / METRES_PER_10_KM, 1e-9)
    hours = max(sum(route.seconds for route in routes) / 3600.0, 1e-9)
    dry_s = sorted(route.longest_dry_s for route in routes)
    return ArmMeasures(
        routes=len(routes),
        u_turns_per_10_km=sum(route.u_turns for route in routes) / tens_of_km,
        hard_turns_per_10_km=sum(route.hard_turns for route in routes) / tens_of_km,
        loops_per_hour=sum(route.loops for route in routes) / hours,
        left_area_pct=100.0 * sum(route.left_area for route in routes) / len(routes),
        no_chance_p95_min=dry_s[math.ceil(0.95 * len(dry_s)) - 1] / 60.0,
        no_chance_max_min=dry_s[-1] / 60.0,
    )


def common_share(production: Route, candidate: Route) -> float:
    """Share of production's metres that are on the candidate's route too; a link driven twice counts twice."""
    on_both = Counter(production.links) & Counter(candidate.links)
    length_m = dict(zip(production.links, production.length_m, strict=True))
    whole_m = math.fsum(production.length_m)
    return math.fsum(length_m[link] * times for link, times in on_both.items()) / whole_m if whole_m > 0 else 1.0


def loops(route: Route, yardstick: Yardstick) -> tuple[int, ...]:
    """Numbers of the links entered again soon, after a circle that was hardly worth driving."""
    last_seen: dict[str, int] = {}
    found: list[int] = []
    for number, link in enumerate(route.links):
        before = last_seen.get(link)
        if before is not None and route.at_s[number] - route.at_s[before] <= yardstick.loop_s:
            missed = math.prod(1.0 - chance for chance in route.chance[before + 1 : number + 1])
            if 1.0 - missed < yardstick.loop_chance:
                found.append(number)
        last_seen[link] = number
    return tuple(found)


def _longest_dry_s(route: Route, chance: float) -> int:
    """The longest time from leaving one chance, or the beginning, to the next, or the end."""
    longest_s, since_s = 0, 0
    for number, here in enumerate(route.chance):
        if here >= chance:
            longest_s = max(longest_s, route.at_s[number] - since_s)
            since_s = route.at_s[number + 1]
    return max(longest_s, route.at_s[-1] - since_s)
