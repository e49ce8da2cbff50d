"""Start links of routes: sampled by the density of vacant taxis, or nearest to given locations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import BadInput, Fault
from hailsim.model.calendar import History
from hailsim.model.city import RoadClass
from hailsim.model.geometry import Projection
from hailsim.model.random_streams import Stream, indices, random_uniform, stream_key
from hailsim.model.world import World

FARTHEST_M = 1_000.0


def sampled_links(world: World, day: date, seed: int, history: History, count: int) -> NDArray[np.int64]:
    """Links int64[count] sampled by pickups of the history. A larger count extends the sample without changing it."""
    cumulative = np.cumsum(world.history_statistics(history).start_weight)
    target = random_uniform(stream_key(Stream.ROUTE_START, seed, day), indices(count)) * cumulative[-1]
    links: NDArray[np.int64] = np.searchsorted(cumulative, target, side="right").astype(np.int64)
    return np.minimum(links, len(cumulative) - 1)


def nearest_links(world: World, locations: Sequence[tuple[float, float]]) -> NDArray[np.int64]:
    """The nearest link that is not an expressway for each (longitude, latitude), int64[P]; ties go to the first.

    Raises BadInput listing every location farther than FARTHEST_M from all of them.
    """
    network, graph = world.city.network, world.graph
    projection = Projection(world.city.reference_lat_deg, world.city.reference_lon_deg)
    start = np.stack([network.start_x_m, network.start_y_m], axis=1).astype(np.float64)[graph.city_link]
    end = np.stack([network.end_x_m, network.end_y_m], axis=1).astype(np.float64)[graph.city_link]
    along = end - start
    squared = np.maximum((along**2).sum(axis=1), 1e-9)
    found: list[int] = []
    faults: list[Fault] = []
    for lon_deg, lat_deg in locations:
        east, north = projection.to_metres(lat_deg, lon_deg)
        point = np.array([float(east), float(north)])
        share = np.clip(((point - start) * along).sum(axis=1) / squared, 0.0, 1.0)
        away_m = np.hypot(*(start + share[:, None] * along - point).T)
        away_m[graph.road_class == RoadClass.EXPRESS] = np.inf
        found.append(int(away_m.argmin()))
        if away_m[found[-1]] > FARTHEST_M:
            rule = f"a place must lie within {FARTHEST_M:g} m of a road of {world.city.name}"
            away = f"{lon_deg:g}, {lat_deg:g}, {away_m[found[-1]] / 1000:.1f} km away"
            faults.append(Fault(rule, away, "places", "Write longitude first, then latitude."))
    if faults:
        raise BadInput(faults)
    return np.array(found, np.int64)
