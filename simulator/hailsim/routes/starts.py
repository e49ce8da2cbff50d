"""Where routes begin: sampled where vacant taxis are to be expected, and at places that somebody names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import BadInput, Fault
from hailsim.model.calendar import History
from hailsim.model.city import RoadClass
from hailsim.model.geometry import Projection
from hailsim.model.keyed import keyed_uniform
from hailsim.model.keys import Stream, numbers, stream_key
from hailsim.model.world import World

FARTHEST_M = 1_000.0


def sampled_links(world: World, day: date, seed: int, history: History, count: int) -> NDArray[np.int64]:
    """Links int64[count], drawn by where the history saw pickups; the first ones stay when more are asked for."""
    cumulative = np.cumsum(world.experience(history).start_weight)
    place = keyed_uniform(stream_key(Stream.ROUTE_START, seed, day), numbers(count)) * cumulative[-1]
    links: NDArray[np.int64] = np.searchsorted(cumulative, place, side="right").astype(np.int64)
    return np.minimum(links, len(cumulative) - 1)


def nearest_links(world: World, places: Sequence[tuple[float, float]]) -> NDArray[np.int64]:
    """For each (longitude, latitude) the nearest link that is no expressway, int64[P]; of equally near ones the first.

    Raises BadInput: every place that is farther than FARTHEST_M from all of them.
    """
    network, road = world.city.network, world.road
    projection = Projection(world.city.reference_lat_deg, world.city.reference_lon_deg)
    start = np.stack([network.start_x_m, network.start_y_m], axis=1).astype(np.float64)[road.city_link]
    end = np.stack([network.end_x_m, network.end_y_m], axis=1).astype(np.float64)[road.city_link]
    along = end - start
    squared = np.maximum((along**2).sum(axis=1), 1e-9)
    found: list[int] = []
    faults: list[Fault] = []
    for lon_deg, lat_deg in places:
        east, north = projection.to_metres(lat_deg, lon_deg)
        point = np.array([float(east), float(north)])
        share = np.clip(((point - start) * along).sum(axis=1) / squared, 0.0, 1.0)
        away_m = np.hypot(*(start + share[:, None] * along - point).T)
        away_m[road.road_class == RoadClass.EXPRESS] = np.inf
        found.append(int(away_m.argmin()))
        if away_m[found[-1]] > FARTHEST_M:
            rule = f"a place must lie within {FARTHEST_M:g} m of a road of {world.city.name}"
            away = f"{lon_deg:g}, {lat_deg:g}, {away_m[found[-1]] / 1000:.1f} km away"
            faults.append(Fault(rule, away, "places", "Write longitude first, then latitude."))
    if faults:
        raise BadInput(faults)
    return np.array(found, np.int64)
