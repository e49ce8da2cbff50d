"""Routes as answer lines: longitude and latitude for metres, letters for turns, names for link numbers."""

from __future__ import annotations

from typing import Any

from hailsim.model.world import World
from hailsim.protocol.request import RoutesRequest
from hailsim.routes.coordinates import route_points
from hailsim.routes.recommended_routes import LETTERS, Route, draw_routes, new_route, service_area
from hailsim.routes.start_links import nearest_links, sampled_links

LETTERS_OF_HARD_TURNS = {"right": "L", "left": "R"}
CHANCE_DIGITS = 6
METRE_DIGITS = 1


def routes_of(world: World, routes_request: RoutesRequest) -> list[tuple[Route, tuple[int, ...]]]:
    """The routes by hour then start, each with the indices of its links outside the service area. Raises BadInput."""
    request, day, seed = routes_request.request, routes_request.request.days[0], routes_request.request.seeds[0]
    scenario = request.scenario
    sampled = sampled_links(world, day, seed, scenario.history, routes_request.starts)
    links = [*sampled.tolist(), *nearest_links(world, routes_request.locations).tolist()]
    first_hour = world.city.day_start_hour
    begun = [
        new_route(number, hour, link, first_hour, routes_request.duration_s)
        for hour in routes_request.hours
        for number, link in enumerate(links)
    ]
    routes = draw_routes(world, scenario, day, seed, chances_by=routes_request.chances_by, starts=begun)
    inside = service_area(world, scenario)
    return [(route, tuple(k for k, link in enumerate(route.links) if not inside[link])) for route in routes]


def route_line(world: World, route: Route, outside: tuple[int, ...]) -> dict[str, Any]:
    """The fields of a `route` line."""
    lon, lat = route_points(world, route.links)
    return {
        "hour": route.hour,
        "start": route.number,
        "at_s": [second - route.begins_s for second in (*route.entered_s, route.at_end_s)],
        "lon": lon,
        "lat": lat,
        "links": [str(world.graph.city_link[link]) for link in route.links],
        "turns": "".join(LETTERS[turn] for turn in route.turns),
        "length_m": [round(float(world.graph.length_m[link]), METRE_DIGITS) for link in route.links],
        "chance": [round(chance, CHANCE_DIGITS) for chance in route.chances],
        "outside": list(outside),
    }
