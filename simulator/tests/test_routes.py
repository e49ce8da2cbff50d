from __future__ import annotations

from typing import Any

import jsonschema
import numpy as np
import pytest
from random_worlds import PLAYED_DAY, random_world
from small_city import FIRST_DAY, small_city

from hailsim.faults import BadInput
from hailsim.kernels.arrays import SLOT_S
from hailsim.model.calendar import History
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, prepare_day, simulate_prepared_day
from hailsim.model.stepwise import StepwiseDay
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters
from hailsim.protocol.answer import answer
from hailsim.protocol.schema import schema
from hailsim.routes.recommended_routes import Route, draw_routes, new_route

DAY = FIRST_DAY.replace(day=FIRST_DAY.day + 4)
HISTORY = History(FIRST_DAY, FIRST_DAY.replace(day=FIRST_DAY.day + 2))


def routes_request(**changes: Any) -> dict[str, Any]:
    parameters = {"gamma": 0.9, "temperature": 3.0}
    return {
        "contract": "1",
        "ask": "routes",
        "id": "r1",
        "city": "manhattan",
        "parameters": parameters,
        "chances_by": parameters,
        "day": "2015-01-06",
        "seed": 4,
        "forecast": "statistics",
        "history": {"first": "2014-12-22", "last": "2014-12-28"},
        "settings": {"taxis": 60, "latent_factor": 0.2},
        "hours": [8, 3],
        "starts": 2,
        "places": [[-73.9857, 40.7484]],
        "duration_s": 1200,
        "roads": True,
    } | changes


def event_lines(**changes: Any) -> list[dict[str, Any]]:
    message = routes_request(**changes)
    jsonschema.Draft202012Validator(schema("routes_request")).validate(message)
    return list(answer(message))


def routes_of(**changes: Any) -> list[dict[str, Any]]:
    return [line for line in event_lines(**changes) if line["type"] == "route"]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(small_city())


def scenario(**parameters: float) -> Scenario:
    return Scenario(read_parameters(parameters), read_settings({"follower_share": 0.5}), "statistics", HISTORY)


def drawn(world: World, starts: range, **parameters: float) -> tuple[Route, ...]:
    begun = [new_route(number, 9, number * 7 % world.graph.links, 4, 3600) for number in starts]
    told = read_parameters({})
    return draw_routes(world, scenario(**parameters), DAY, 1, chances_by=told, starts=begun)


@pytest.mark.parametrize("number", [3, 17])
def test_a_stepwise_day_equals_the_compiled_day(number: int) -> None:
    world, of_world, seed = random_world(number)
    day = prepare_day(world, of_world, PLAYED_DAY, seed)
    stepwise = StepwiseDay(day, world.graph.links)
    with pytest.raises(ValueError, match="all slots must be simulated"):
        _ = stepwise.outcome
    assert [half_hour.slot for half_hour in stepwise.slots()] == list(range(48))
    expected = simulate_prepared_day(day, world.graph.links)
    assert stepwise.outcome.events == expected.events
    for name in expected.arrays._fields:
        assert np.array_equal(getattr(stepwise.outcome.arrays, name), getattr(expected.arrays, name)), name


def test_a_route_is_connected_and_its_turns_match_the_graph(world: World) -> None:
    for route in drawn(world, range(12)):
        assert route.entered_s[0] == route.begins_s == 5 * 3600
        assert route.entered_s[-1] < route.ends_s <= route.at_end_s
        assert len(route.links) == len(route.turns) == len(route.chances) == len(route.entered_s) > 20
        for link, following, turn in zip(route.links, route.links[1:], route.turns[1:], strict=False):
            slot = world.graph.successors[link].tolist().index(following)
            assert world.graph.turns[link, slot] == turn
        assert all(0 <= chance <= 1 for chance in route.chances)


def test_a_route_takes_the_best_turn_at_low_temperature(world: World) -> None:
    cold = {"temperature": 0.05}
    day = prepare_day(world, scenario(**cold), DAY, 1)
    likeliest: dict[int, np.ndarray] = {}
    for half_hour in StepwiseDay(day, world.graph.links).slots():
        upper = np.vstack([half_hour.planning.cumulative, np.full((1, world.graph.links), 65_536)]).astype(int)
        likeliest[half_hour.slot] = np.diff(upper, axis=0, prepend=0).argmax(axis=0)
    turns = agreed = 0
    for route in drawn(world, range(12), **cold):
        for link, following, now_s in zip(route.links, route.links[1:], route.entered_s[1:], strict=False):
            way = likeliest[now_s // SLOT_S][link]
            turns, agreed = turns + 1, agreed + (world.graph.successors[link, way] == following)
    assert agreed / turns > 0.95


def test_arms_with_equal_recommendations_draw_equal_turns(world: World) -> None:
    same = [drawn(world, range(12), gamma=0.9) for _ in range(2)]
    assert [route.links for route in same[0]] == [route.links for route in same[1]]
    other = drawn(world, range(12), gamma=0.9, turn_weight_left=0.8)
    differing = sum(one.links != two.links for one, two in zip(same[0], other, strict=True))
    assert differing > 0
    agreeing = [one.links[:4] == two.links[:4] for one, two in zip(same[0], other, strict=True)]
    assert sum(agreeing) > 6, "a small change of a weight must not redraw every turn"


def test_a_route_does_not_depend_on_other_routes(world: World) -> None:
    alone = drawn(world, range(5, 6))
    together = drawn(world, range(12))
    assert alone[0].links == together[5].links


def test_chances_use_their_own_parameters_and_do_not_affect_routes() -> None:
    patient = routes_of(chances_by={"gamma": 0.9, "max_wait_s": 3600.0}, roads=False)
    plain = routes_of(chances_by={"gamma": 0.9, "max_wait_s": 60.0}, roads=False)
    assert [route["links"] for route in patient] == [route["links"] for route in plain]
    assert sum(sum(route["chance"]) for route in patient) > 1.5 * sum(sum(route["chance"]) for route in plain)


def test_route_lines_match_the_contract_and_the_network_is_optional() -> None:
    lines = event_lines()
    for line in lines:
        jsonschema.Draft202012Validator(schema("answer")).validate(line)
    assert [line["type"] for line in lines] == ["roads", *["route"] * 6, "routed"]
    assert lines[-1]["routes"] == 6
    assert lines[-1]["hard_turn"] == "L"
    routes = lines[1:-1]
    assert [(route["hour"], route["start"]) for route in routes] == [(8, 0), (8, 1), (8, 2), (3, 0), (3, 1), (3, 2)]
    assert routes[0]["links"][0] == routes[3]["links"][0], "the same starts in every hour"
    for route in routes:
        count = len(route["links"])
        assert len(route["at_s"]) == len(route["lon"]) == len(route["lat"]) == count + 1
        assert len(route["turns"]) == len(route["length_m"]) == len(route["chance"]) == count
    empire_state = routes[2]
    assert abs(empire_state["lon"][0] + 73.9857) < 0.004
    assert abs(empire_state["lat"][0] - 40.7484) < 0.004
    assert event_lines(roads=False)[:-1] == routes


def test_a_route_ends_with_the_operating_day() -> None:
    (route,) = routes_of(hours=[3], starts=1, places=[], duration_s=86_400, roads=False)
    assert 3600 <= route["at_s"][-1] < 3600 + 300


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"chances_by": {"gamma": 2.0}}, "chances_by.gamma"),
        ({"parameters": {"nonsense": 2.0}}, "parameters"),
        ({"starts": 0, "places": []}, "starts"),
        ({"places": [[40.7484, -73.9857]]}, "places"),
        ({"day": "2014-12-28"}, "days"),
        ({"day": "2016-02-30"}, "days[0]"),
    ],
)
def test_a_routes_request_that_cannot_work_is_refused_before_the_first_line(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(BadInput) as refused:
        next(answer(routes_request(**changes)))
    assert place in [fault.place for fault in refused.value.faults]
