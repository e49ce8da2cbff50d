"""Routes of vacant taxis that follow every recommended turn and meet nobody, through a day that is really played.

The fleet is simulated along, because recommendations depend on where its vacant taxis are; who follows a route here is not part
of it, picks nobody up and is in nobody's way. Turns are drawn as the recommender draws them. A draw is keyed by the route, the
link and how often the route was there, not by the second: two arms that come to the same link at different times draw alike,
so routes differ where recommendations differ, and not by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import DAY_S, LINK_BITS, MAX_LINKS, NEXT, SLOT_S, PlanArrays
from hailsim.kernels.planning import set_chances
from hailsim.model.city import Turn
from hailsim.model.demand import recorded_orders
from hailsim.model.keys import Stream, mix_one, stream_key
from hailsim.model.simulation import Scenario, prepare_day
from hailsim.model.watching import HalfHour, WatchedDay
from hailsim.model.world import World
from hailsim.planner.parameters import PlannerParameters

_ODD = 0x9E3779B97F4A7C15
_DRAW_BITS = 16
LETTERS = {Turn.STRAIGHT: "S", Turn.RIGHT: "R", Turn.LEFT: "L", Turn.U_TURN: "U", Turn.NONE: "-"}


@dataclass(slots=True)
class Route:
    """One route. `number` counts starts, `hour` is on the clock on the wall, `begins_s` and `ends_s` are seconds of the day.

    `links` are road links in order, `entered_s` when each was turned into, `turns` how, `chances` of a pickup on it.
    """

    number: int
    hour: int
    begins_s: int
    ends_s: int
    links: list[int]
    entered_s: list[int] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)
    at_end_s: int = 0
    visits: dict[int, int] = field(default_factory=dict)


def draw_routes(
    world: World, scenario: Scenario, day: date, seed: int, *, chances_by: PlannerParameters, starts: Sequence[Route]
) -> tuple[Route, ...]:
    """Follow each of `starts` (a route of one link, not yet entered) to its end, in place.

    `chances_by` are the parameters by which pickup chances are told.
    """
    prepared = prepare_day(world, scenario, day, seed)
    told = prepare_day(world, Scenario(chances_by, scenario.settings, scenario.forecast, scenario.history), day, seed).plan
    key = stream_key(Stream.ROUTE_TURN, seed, day)
    watched = WatchedDay(prepared, world.road.links)
    for half_hour in watched.half_hours():
        first_s, end_s = half_hour.slot * SLOT_S, (half_hour.slot + 1) * SLOT_S
        under_way = [route for route in starts if route.begins_s < end_s and max(route.begins_s, route.at_end_s) < route.ends_s]
        if not under_way:
            continue
        chance = _chances(half_hour, told, world)
        for route in under_way:
            if first_s <= route.begins_s:
                _enter(route, route.links[0], route.begins_s, Turn.NONE, chance)
                route.at_end_s = route.begins_s + int(half_hour.planning.link_s[route.links[0]])
            _go_on(route, half_hour, world, chance=chance, key=key, until_s=min(end_s, route.ends_s))
    return tuple(starts)


def service_area(world: World, scenario: Scenario) -> NDArray[np.bool_]:
    """Links bool[L] in zones where the history days saw a pickup: elsewhere the recommender has nothing to go by."""
    served = np.zeros(world.road.zones, bool)
    for day in scenario.history.days():
        served[world.road.zone[recorded_orders(world.city, world.road, day).link]] = True
    return served[world.road.zone]


def new_route(number: int, hour: int, link: int, day_start_hour: int, duration_s: int) -> Route:
    """A route that waits for its hour; it ends with the operating day at the latest."""
    begins_s = ((hour - day_start_hour) % 24) * 3600
    return Route(number, hour, begins_s, min(begins_s + duration_s, DAY_S), [link])


def _go_on(route: Route, half_hour: HalfHour, world: World, *, chance: NDArray[np.float32], key: int, until_s: int) -> None:
    """Turn at every junction that is reached before `until_s`."""
    cumulative, record = half_hour.planning.cumulative, half_hour.record
    while route.at_end_s < until_s:
        link, now_s = route.links[-1], route.at_end_s
        draw = (_draw(route, int(world.road.city_link[link]), key) * 65_535) >> _DRAW_BITS
        way = sum(int(threshold) <= draw for threshold in cumulative[:, link])
        step = int(record[link, NEXT + way])
        following = step & MAX_LINKS
        route.links.append(following)
        _enter(route, following, now_s, Turn(int(world.road.turns[link, way])), chance)
        route.at_end_s = now_s + (step >> LINK_BITS)


def _enter(route: Route, link: int, now_s: int, turn: Turn, chance: NDArray[np.float32]) -> None:
    route.entered_s.append(now_s)
    route.turns.append(turn)
    route.chances.append(float(chance[link]))


def _draw(route: Route, city_link: int, key: int) -> int:
    """A number below 65,536 for this visit of this route to this link."""
    visit = route.visits.get(city_link, 0)
    route.visits[city_link] = visit + 1
    return mix_one(mix_one(mix_one(key + (route.number * 24 + route.hour) * _ODD) + city_link * _ODD) + visit * _ODD) >> 48


def _chances(half_hour: HalfHour, told: PlanArrays, world: World) -> NDArray[np.float32]:
    """Chance of a pickup float32[L] on each link in this half hour, with the fleet's flow as it was and `told`'s beliefs."""
    links = world.road.links
    chance, keep, ones = np.empty(links, np.float32), np.empty(links, np.float32), np.ones(links, np.float32)
    rate, flow = told.zone_rate[half_hour.slot], half_hour.planning.flow_per_s
    set_chances(chance, keep, ones, flow, rate, world.road.zone, told.link_share, ones, told.inverse_wait_per_s)
    return chance
