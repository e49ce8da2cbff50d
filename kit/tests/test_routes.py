"""Routes of simulators that offer them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit_requests import request

from tunegate_simulator import Refused, Route
from tunegate_simulator.errors import BrokenPromise


def ask(**fields):
    whole = {key: value for key, value in request().items() if key not in {"days", "seeds"}}
    more = {"ask": "routes", "chances_by": {"price": 90}, "day": "2026-05-01", "seed": 1, "hours": [8, 18], "starts": 1}
    return {**whole, **more, "places": [[1.5, 2.5]], "duration_s": 600, "roads": True, **fields}


def route(hour, start):
    columns = {"lon": (1.5, 1.6), "lat": (2.5, 2.6), "links": ("a",), "turns": "-", "length_m": (80.0,), "chance": (0.1,)}
    return Route(hour, start, at_s=(0, 9), **columns)


@pytest.fixture
def drawing(stall):
    @stall.routes(hard_turn="L", roads=lambda city: [[0, 0, 1, 1]])
    def draw(asked):
        assert dict(asked.chances_by) == {"price": 90.0, "jugs": 5}
        return [route(hour, start) for hour, start in sorted(asked.expected)]

    return stall


def test_roads_routes_and_the_end_are_said(drawing):
    roads, *routes, end = drawing.answer(ask())
    assert drawing.describe()["routes"] is True
    assert roads["lines"] == [[0, 0, 1, 1]]
    assert [(line["hour"], line["start"]) for line in routes] == [(8, 0), (8, 1), (18, 0), (18, 1)]
    assert (end["type"], end["routes"], end["hard_turn"]) == ("routed", 4, "L")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda routes: routes[:-1], "1 missing"),
        (lambda routes: [*routes, routes[0]], "answered once"),
        (lambda routes: [replace(routes[0], at_s=(0, 5, 3)), *routes[1:]], "`at_s` of a route of 1 links must have 2"),
        (lambda routes: [replace(routes[0], at_s=(5, 3)), *routes[1:]], "never fall"),
        (lambda routes: [replace(routes[0], turns="X"), *routes[1:]], "turns must be"),
        (lambda routes: [replace(routes[0], chance=(1.5,)), *routes[1:]], "chances must be"),
        (lambda routes: [replace(routes[0], lon=(1.0, 181.0)), *routes[1:]], "longitudes"),
        (lambda routes: [replace(routes[0], outside=(1,)), *routes[1:]], "links of the route"),
    ],
)
def test_a_route_that_is_not_sound_is_never_said(stall, spoil, said):
    stall.routes(hard_turn="L")(lambda asked: spoil([route(hour, start) for hour, start in sorted(asked.expected)]))
    with pytest.raises(BrokenPromise, match=said):
        list(stall.answer(ask()))


def test_who_draws_none_refuses_and_so_does_a_day_without_cover(stall, drawing):
    with pytest.raises(Refused, match="covered"):
        list(drawing.answer(ask(day="2027-01-01")))
    drawing._drawing = None
    with pytest.raises(Refused, match="draws some"):
        list(drawing.answer(ask()))
