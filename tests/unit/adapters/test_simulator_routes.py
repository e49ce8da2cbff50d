"""Routes are checked line by line like days: what does not answer the request, or is no route, is never measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tunegate.adapters.simulator.route_columns import without_sound_columns
from tunegate.domain.days import Forecast
from tunegate.domain.errors import FailureClass, SimulationFailed
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.routes import RoutesRequest

REQUEST = RoutesRequest(
    id="toy/routes-1",
    city="toytown",
    parameters=Parameters({"gamma": 0.9}),
    chances_by=Parameters({"gamma": 0.9}),
    day=date(2026, 3, 2),
    seed=7,
    forecast=Forecast.ML,
    history=Period(date(2026, 1, 1), date(2026, 2, 28)),
    settings={},
    hours=(18, 8),
    starts=2,
    places=((0.001, 0.002),),
    duration_s=600,
    roads=True,
)
PERMANENT = {
    "route_of_nobody": ["only starts and hours of the request", "hour 18, start 99"],
    "route_twice": ["answered once in each hour", "hour 18, start 0 again"],
    "route_missing": ["every start must be answered", "1 missing, the first hour 18, start 0"],
    "routes_miscounted": ["count the route lines", "99 said, 6 written"],
    "route_uneven": ["`lon` of a route of 30 links must have 31 entries", "30"],
    "route_back_in_time": ["never fall"],
    "route_of_letters": ["turns must fit the contract"],
    "route_chance": ["chance/1 must fit the contract", "1.5 is greater than the maximum of 1"],
    "route_far_east": ["lon/1 must fit the contract"],
    "route_outside": ["must be links of the route", "[10000]"],
    "route_other_parameters": ["echo the request's parameters"],
    "route_saw_the_future": ["nothing after history.last"],
    "route_days": ["must fit the contract"],
}


async def test_sound_routes_are_sorted_and_whole(toy):
    answer = await toy().draw_routes(REQUEST)
    assert [(route.hour, route.start) for route in answer.routes] == [(8, 0), (8, 1), (8, 2), (18, 0), (18, 1), (18, 2)]
    assert {len(route.links) for route in answer.routes} == {30}
    assert len(answer.roads) == 50
    assert answer.hard_turn == "L"
    without = await toy().draw_routes(replace(REQUEST, roads=False, id="another"))
    assert without.roads == ()
    assert without.routes_digest == answer.routes_digest
    assert replace(REQUEST, roads=False, id="another").content_digest == REQUEST.content_digest
    assert replace(REQUEST, seed=8).content_digest != REQUEST.content_digest


@pytest.mark.parametrize("fault", PERMANENT)
async def test_a_route_that_breaks_a_rule_is_refused_in_words_and_the_next_request_is_answered(toy, tmp_path, fault):
    simulator = toy("--fault", fault, "--fault-once", tmp_path / "once")
    with pytest.raises(SimulationFailed) as caught:
        await simulator.draw_routes(REQUEST)
    assert caught.value.failure_class is FailureClass.PERMANENT
    said = str(caught.value)
    assert [words for words in PERMANENT[fault] if words not in said] == []
    assert len((await simulator.draw_routes(REQUEST)).routes) == 6


async def test_days_do_not_answer_a_routes_request_nor_routes_a_simulation(toy, script, request_for):
    answering = script(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    print(json.dumps({'type': 'roads', 'id': asked['id'], 'lines': []}), flush=True)\n"
    )
    with pytest.raises(SimulationFailed, match="must be answered by `day` lines"):
        await answering.simulate(request_for())
    with pytest.raises(SimulationFailed, match="must be answered by what it asks for"):
        await answering.draw_routes(replace(REQUEST, roads=False))
    await answering.close()


def test_a_column_is_only_left_to_a_look_when_the_look_finds_nothing_wrong():
    line = {
        "type": "route",
        "lon": [1.0, 2.0, 3.0],
        "lat": [1.0, True, 3.0],
        "chance": [0.1, 0.2, 2.0],
        "links": "ab",
        "at_s": [0, 1, 2],
    }
    seen = without_sound_columns(line)
    assert seen["lon"] == [1.0, 2.0]
    assert seen["at_s"] == [0, 1]
    assert (seen["lat"], seen["chance"], seen["links"]) == (line["lat"], line["chance"], line["links"])
    roads = {"type": "roads", "lines": [[0, 1, 2, 3], [0, 1], [0, 1, 2, "x"]]}
    assert without_sound_columns(roads)["lines"] == [[0, 1], [0, 1, 2, "x"]]
