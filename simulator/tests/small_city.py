"""A small city drawn from a key: a grid of one-way and two-way streets with a few days of trips, enough to test every rule."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hailsim.model.city import City, Fare, Fleet, Network, RoadClass, Trips, Turn

FIRST_DAY = date(2024, 3, 4)
BLOCK_M = 150.0
SPEED_MPS = 10.0


def small_city(
    *, columns: int = 6, rows: int = 5, days: int = 12, trips_per_day: int = 400, taxis: int = 25, seed: int = 1
) -> City:
    """A grid city: every third street is arterial, trips come from two hot corners, weekends have other hours."""
    rng = np.random.default_rng(seed)
    network = grid_network(columns, rows, rng)
    active = (0.35 + 0.45 * np.sin(np.linspace(0, np.pi, 24)) ** 2).astype(np.float32)
    factor = (1.6 + 0.5 * np.sin(np.arange(168) * 2 * np.pi / 24) ** 2).astype(np.float32)
    return City(
        name="small",
        timezone="UTC",
        driving_side="right",
        day_start_hour=4,
        first_day=FIRST_DAY,
        last_day=FIRST_DAY + timedelta(days=days - 1),
        holidays=frozenset({FIRST_DAY + timedelta(days=3)}) if days > 3 else frozenset(),
        network=network,
        trips=_trips(network, days, trips_per_day, rng),
        fare=Fare("USD", 100, 300, 170, 34),
        fleet=Fleet(taxis, active),
        travel_time_factor=factor,
        turn_s=np.array([1.0, 3.0, 8.0, 20.0, 0.0], np.float32),
        digest="sha256:" + f"{seed:064x}",
    )


def grid_network(columns: int, rows: int, rng: np.random.Generator) -> Network:
    """Two-way streets on a grid, some of them made one-way where the network stays strongly connected (the rim is two-way)."""
    pairs: list[tuple[int, int, int]] = []
    for row in range(rows):
        _street(pairs, [row * columns + column for column in range(columns)], row, row in {0, rows - 1}, rng)
    for column in range(columns):
        _street(pairs, [row * columns + column for row in range(rows)], column, column in {0, columns - 1}, rng)
    link_from = np.array([pair[0] for pair in pairs], np.int32)
    link_to = np.array([pair[1] for pair in pairs], np.int32)
    x, y = (np.arange(columns * rows) % columns) * BLOCK_M, (np.arange(columns * rows) // columns) * BLOCK_M
    length = (BLOCK_M * rng.uniform(0.8, 1.4, len(pairs))).astype(np.float32)
    successors, turns = _line_graph(link_from, link_to, x, y)
    middle_x, middle_y = (x[link_from] + x[link_to]) / 2, (y[link_from] + y[link_to]) / 2
    _, zone = np.unique((middle_x // 500) + 1000 * (middle_y // 500), return_inverse=True)
    return Network(
        link_from=link_from,
        link_to=link_to,
        start_x_m=x[link_from].astype(np.float32),
        start_y_m=y[link_from].astype(np.float32),
        end_x_m=x[link_to].astype(np.float32),
        end_y_m=y[link_to].astype(np.float32),
        length_m=length,
        freeflow_s=(length / SPEED_MPS).astype(np.float32),
        road_class=np.array([pair[2] for pair in pairs], np.int8),
        zone=zone.astype(np.int32),
        successors=successors,
        turns=turns,
    )


def _street(pairs: list[tuple[int, int, int]], nodes: list[int], number: int, rim: bool, rng: np.random.Generator) -> None:
    road_class = RoadClass.ARTERIAL if number % 3 == 0 else RoadClass.LOCAL
    way = 0 if rim or rng.random() < 0.5 else 1 + int(rng.random() < 0.5)
    for a, b in pairwise(nodes):
        if way != 2:
            pairs.append((a, b, road_class))
        if way != 1:
            pairs.append((b, a, road_class))


def _line_graph(
    link_from: NDArray[np.int32], link_to: NDArray[np.int32], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    links = len(link_from)
    successors, turns = np.full((links, 4), links, np.int32), np.full((links, 4), Turn.NONE, np.int8)
    bearing = np.arctan2(y[link_to] - y[link_from], x[link_to] - x[link_from])
    for link in range(links):
        onward = np.flatnonzero(link_from == link_to[link])
        forward = onward[link_to[onward] != link_from[link]]
        for slot, successor in enumerate(forward if len(forward) else onward):
            change = np.degrees((bearing[successor] - bearing[link] + np.pi) % (2 * np.pi) - np.pi)
            kind = (
                Turn.STRAIGHT
                if abs(change) < 45
                else Turn.U_TURN
                if abs(change) > 135
                else Turn.LEFT
                if change > 0
                else Turn.RIGHT
            )
            successors[link, slot], turns[link, slot] = successor, kind
    return successors, turns


def _trips(network: Network, days: int, per_day: int, rng: np.random.Generator) -> Trips:
    links = network.links
    corner = np.hypot(network.start_x_m, network.start_y_m) < 400
    weight = np.where(corner, 5.0, 1.0)
    columns: list[NDArray[np.float64]] = []
    for day in range(days):
        weekend = (FIRST_DAY + timedelta(days=day)).weekday() >= 5
        count = max(1, int(rng.poisson(per_day * (1.3 if weekend else 1.0))))
        hour = rng.normal(16 if weekend else 13, 4, count) % 24
        appears = np.sort(np.minimum((hour * 3600).astype(np.int64), 86_399))
        pickup = rng.choice(links, count, p=weight / weight.sum())
        dropoff = rng.integers(0, links, count)
        metres = np.abs(network.end_x_m[pickup] - network.end_x_m[dropoff]) + np.abs(
            network.end_y_m[pickup] - network.end_y_m[dropoff]
        )
        columns.append(np.stack([np.full(count, day), appears, pickup, dropoff, metres + BLOCK_M]))
    day, appears, pickup, dropoff, metres = np.concatenate(columns, axis=1)
    return Trips(
        day=day.astype(np.int32),
        appears_s=appears.astype(np.int32),
        pickup_link=pickup.astype(np.int32),
        dropoff_link=dropoff.astype(np.int32),
        drive_freeflow_s=(metres / SPEED_MPS).astype(np.float32),
        distance_m=metres.astype(np.float32),
    )
