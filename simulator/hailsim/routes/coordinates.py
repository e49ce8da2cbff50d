"""Longitudes and latitudes of links, for answers and maps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hailsim.model.geometry import Projection
from hailsim.model.world import World

# One metre in latitude.
DEGREE_DIGITS = 5
# The largest city has a million links; an answer line may have 16 MiB.
LINES_PER_PART = 20_000


def route_points(world: World, links: list[int]) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes of the starts of consecutive links, and of the end of the last one."""
    network, city_links = world.city.network, world.graph.city_link[links]
    east_m = np.append(network.start_x_m[city_links], network.end_x_m[city_links[-1]])
    north_m = np.append(network.start_y_m[city_links], network.end_y_m[city_links[-1]])
    lon, lat = degrees(world, east_m, north_m)
    return lon.tolist(), lat.tolist()


def road_lines(world: World) -> Iterator[list[list[float]]]:
    """The network as line segments for drawing, in parts; both directions of a road are drawn once."""
    network = world.city.network
    ends = np.stack([network.start_x_m, network.start_y_m, network.end_x_m, network.end_y_m], axis=1)
    swapped = ends[:, [2, 3, 0, 1]]
    backwards = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends = np.unique(np.where(backwards[:, None], swapped, ends), axis=0)
    lon_1, lat_1 = degrees(world, ends[:, 0], ends[:, 1])
    lon_2, lat_2 = degrees(world, ends[:, 2], ends[:, 3])
    lines = np.stack([lon_1, lat_1, lon_2, lat_2], axis=1)
    for first in range(0, len(lines), LINES_PER_PART):
        yield lines[first : first + LINES_PER_PART].tolist()


def degrees(
    world: World, east_m: NDArray[np.float32], north_m: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes of metres east and north of the city's reference, rounded to DEGREE_DIGITS."""
    lat, lon = Projection(world.city.reference_lat_deg, world.city.reference_lon_deg).to_degrees(east_m, north_m)
    return np.round(lon, DEGREE_DIGITS), np.round(lat, DEGREE_DIGITS)


def end_coordinates(world: World, link: int) -> tuple[float, float]:
    """Longitude and latitude of a link's end."""
    network, number = world.city.network, int(world.graph.city_link[link])
    return _coordinates(world, float(network.end_x_m[number]), float(network.end_y_m[number]))


def middle_coordinates(world: World, link: int) -> tuple[float, float]:
    """Longitude and latitude half way between a link's ends."""
    network, number = world.city.network, int(world.graph.city_link[link])
    east_m = (float(network.start_x_m[number]) + float(network.end_x_m[number])) / 2.0
    north_m = (float(network.start_y_m[number]) + float(network.end_y_m[number])) / 2.0
    return _coordinates(world, east_m, north_m)


def _coordinates(world: World, east_m: float, north_m: float) -> tuple[float, float]:
    lon, lat = degrees(world, np.array([east_m], np.float32), np.array([north_m], np.float32))
    return float(lon[0]), float(lat[0])
