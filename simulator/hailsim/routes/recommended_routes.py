"""Routes of hypothetical vacant taxis that follow every recommended turn of a simulated day and pick up nobody.

The fleet is simulated because recommendations depend on its vacant taxis; the hypothetical taxis do not affect it. Turns are
drawn from the recommended distribution, keyed by the route, the link and the number of the visit, but not by the second. Two
arms that reach the same link at different times therefore draw alike, so that routes differ only where recommendations differ.
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
from hailsim.model.random_streams import Stream, mix64, stream_key
from hailsim.model.simulation import Scenario, prepare_day
from hailsim.model.stepwise import SlotState, StepwiseDay
from hailsim.model.world import World
from hailsim.planner.parameters import PlannerParameters

_ODD = 0x9E3779B97F4A7C15
_DRAW_BITS = 16
LETTERS = {Turn.STRAIGHT: "S", Turn.RIGHT: "R", Turn.LEFT: "L", Turn.U_TURN: "U", Turn.NONE: "-"}


@dataclass(slots=True)
class Route:
    """One route. `number` is its start's number, `hour` the local clock hour, `begins_s` and `ends_s` seconds of the day.

    `links` in order; per link `entered_s` is the time of entry, `turns` the turn taken into it, `chances` of a pickup on it.
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
    """Extend each of `starts` (a route of one link, not yet entered) to its end, in place.

    Pickup chances are computed with the parameters `chances_by`.
    """
    prepared = prepare_day(world, scenario, day, seed)
    belief_plan = prepare_day(
        world, Scenario(chances_by, scenario.settings, scenario.forecast, scenario.history), day, seed
    ).plan
    key = stream_key(Stream.ROUTE_TURN, seed, day)
    stepwise = StepwiseDay(prepared, world.graph.links)
    for state in stepwise.slots():
        first_s, end_s = state.slot * SLOT_S, (state.slot + 1) * SLOT_S
        under_way = [route for route in starts if route.begins_s < end_s and max(route.begins_s, route.at_end_s) < route.ends_s]
        if not under_way:
            continue
        chance = _chances(state, belief_plan, world)
        for route in under_way:
            if first_s <= route.begins_s:
                _enter(route, route.links[0], route.begins_s, Turn.NONE, chance)
                route.at_end_s = route.begins_s + int(state.planning.link_s[route.links[0]])
            _go_on(route, state, world, chance=chance, key=key, until_s=min(end_s, route.ends_s))
    return tuple(starts)


def service_area(world: World, scenario: Scenario) -> NDArray[np.bool_]:
    """Links in zones with a pickup in the history, bool[L]; elsewhere the recommender has no data."""
    served = np.zeros(world.graph.zones, bool)
    for day in scenario.history.days():
        served[world.graph.zone[recorded_orders(world.city, world.graph, day).link]] = True
    return served[world.graph.zone]


def new_route(number: int, hour: int, link: int, day_start_hour: int, duration_s: int) -> Route:
    """A route that starts at its hour and ends no later than the operating day."""
    begins_s = ((hour - day_start_hour) % 24) * 3600
    return Route(number, hour, begins_s, min(begins_s + duration_s, DAY_S), [link])


def _go_on(route: Route, state: SlotState, world: World, *, chance: NDArray[np.float32], key: int, until_s: int) -> None:
    """Turn at every junction reached before `until_s`."""
    cumulative, record = state.planning.cumulative, state.record
    while route.at_end_s < until_s:
        link, now_s = route.links[-1], route.at_end_s
        draw = (_draw(route, int(world.graph.city_link[link]), key) * 65_535) >> _DRAW_BITS
        branch = sum(int(threshold) <= draw for threshold in cumulative[:, link])
        step = int(record[link, NEXT + branch])
        following = step & MAX_LINKS
        route.links.append(following)
        _enter(route, following, now_s, Turn(int(world.graph.turns[link, branch])), chance)
        route.at_end_s = now_s + (step >> LINK_BITS)


def _enter(route: Route, link: int, now_s: int, turn: Turn, chance: NDArray[np.float32]) -> None:
    route.entered_s.append(now_s)
    route.turns.append(turn)
    route.chances.append(float(chance[link]))


def _draw(route: Route, city_link: int, key: int) -> int:
    """A number below 65,536 for this visit of this route to this link."""
    visit = route.visits.get(city_link, 0)
    route.visits[city_link] = visit + 1
    return mix64(mix64(mix64(key + (route.number * 24 + route.hour) * _ODD) + city_link * _ODD) + visit * _ODD) >> 48


def _chances(state: SlotState, belief_plan: PlanArrays, world: World) -> NDArray[np.float32]:
    """Chance of a pickup float32[L] on each link in this half hour, with the fleet's flow and `told`'s beliefs."""
    links = world.graph.links
    chance, keep, ones = np.empty(links, np.float32), np.empty(links, np.float32), np.ones(links, np.float32)
    rate, flow = belief_plan.zone_rate[state.slot], state.planning.flow_per_s
    set_chances(chance, keep, ones, flow, rate, world.graph.zone, belief_plan.link_share, ones, belief_plan.inverse_wait_per_s)
    return chance
