"""Routes as answer lines: longitudes and latitudes instead of metres, letters instead of turns, names instead of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hailsim.model.geometry import Projection
from hailsim.model.simulation import Scenario
from hailsim.model.world import World
from hailsim.protocol.request import RoutesRequest
from hailsim.routes.follow import LETTERS, Route, draw_routes, new_route, service_area
from hailsim.routes.starts import nearest_links, sampled_links

LETTERS_OF_HARD_TURNS = {"right": "L", "left": "R"}
# A metre in latitude; more digits would only make files longer.
DEGREE_DIGITS = 5
CHANCE_DIGITS = 6
METRE_DIGITS = 1
# The largest city has a million links; a line of answer may have 16 MiB.
LINES_AT_ONCE = 20_000


def routes_of(world: World, asked: RoutesRequest) -> list[tuple[Route, tuple[int, ...]]]:
    """The routes by hour, then start, each with the numbers of its links outside the service area. Raises BadInput."""
    request, day, seed = asked.request, asked.request.days[0], asked.request.seeds[0]
    scenario = Scenario(request.parameters, request.settings, request.forecast, request.history)
    sampled = sampled_links(world, day, seed, request.history, asked.starts)
    links = [*sampled.tolist(), *nearest_links(world, asked.places).tolist()]
    first_hour = world.city.day_start_hour
    begun = [
        new_route(number, hour, link, first_hour, asked.duration_s) for hour in asked.hours for number, link in enumerate(links)
    ]
    routes = draw_routes(world, scenario, day, seed, chances_by=asked.chances_by, starts=begun)
    inside = service_area(world, scenario)
    return [(route, tuple(k for k, link in enumerate(route.links) if not inside[link])) for route in routes]


def route_line(world: World, route: Route, outside: tuple[int, ...]) -> dict[str, Any]:
    """A route as the fields of a `route` line."""
    lon, lat = route_points(world, route.links)
    return {
        "hour": route.hour,
        "start": route.number,
        "at_s": [second - route.begins_s for second in (*route.entered_s, route.at_end_s)],
        "lon": lon,
        "lat": lat,
        "links": [str(world.road.city_link[link]) for link in route.links],
        "turns": "".join(LETTERS[turn] for turn in route.turns),
        "length_m": [round(float(world.road.length_m[link]), METRE_DIGITS) for link in route.links],
        "chance": [round(chance, CHANCE_DIGITS) for chance in route.chances],
        "outside": list(outside),
    }


def route_points(world: World, links: list[int]) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes of the starts of consecutive links, and of the end of the last one."""
    network, city_links = world.city.network, world.road.city_link[links]
    east_m = np.append(network.start_x_m[city_links], network.end_x_m[city_links[-1]])
    north_m = np.append(network.start_y_m[city_links], network.end_y_m[city_links[-1]])
    lon, lat = _degrees(world, east_m, north_m)
    return lon.tolist(), lat.tolist()


def road_lines(world: World) -> Iterator[list[list[float]]]:
    """The network for drawing, in parts: each road once, whichever directions it has."""
    network = world.city.network
    ends = np.stack([network.start_x_m, network.start_y_m, network.end_x_m, network.end_y_m], axis=1)
    swapped = ends[:, [2, 3, 0, 1]]
    backwards = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends = np.unique(np.where(backwards[:, None], swapped, ends), axis=0)
    lon_1, lat_1 = _degrees(world, ends[:, 0], ends[:, 1])
    lon_2, lat_2 = _degrees(world, ends[:, 2], ends[:, 3])
    lines = np.stack([lon_1, lat_1, lon_2, lat_2], axis=1)
    for first in range(0, len(lines), LINES_AT_ONCE):
        yield lines[first : first + LINES_AT_ONCE].tolist()


def _degrees(
    world: World, east_m: NDArray[np.float32], north_m: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lat, lon = Projection(world.city.reference_lat_deg, world.city.reference_lon_deg).to_degrees(east_m, north_m)
    return np.round(lon, DEGREE_DIGITS), np.round(lat, DEGREE_DIGITS)
