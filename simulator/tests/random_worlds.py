"""Small worlds drawn by number, every rule and every extreme among them: what kernels and oracle are set against each other on.

Networks come out of the builder that imports use, from roads with dead ends, one-way streets, loops, duplicates and links of no
length; whatever does not hang together is cut. A world's size is bounded by what the oracle needs for it, so that a thousand of
them are cheap.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from city_samples import raw_network
from numpy.typing import NDArray

from hailsim.faults import BadInput
from hailsim.model.calendar import History
from hailsim.model.city import City, Fare, Fleet, Network, RoadClass, Trips, Turn
from hailsim.model.network import build_network
from hailsim.model.settings import SETTINGS, read_settings
from hailsim.model.simulation import Scenario
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import PARAMETERS, read_parameters

FIRST_DAY, HISTORY_DAYS = date(2024, 3, 4), 2
PLAYED_DAY = FIRST_DAY + timedelta(days=HISTORY_DAYS)
# A link may take less than 4,095 s, its turn included.
SLOWEST_LINK_S = 4_000.0
# Turns of one day that the oracle has time for.
MAX_EVENTS = 2_500
Point = tuple[float, float]
Pairs = list[tuple[int, int]]


def random_world(number: int) -> tuple[World, Scenario, int]:
    """A city of 1 to some 40 links with settings and parameters, extremes included, and a seed."""
    rng = np.random.default_rng(number)
    network = random_network(rng)
    factor = np.exp(rng.uniform(np.log(0.5), np.log(float(rng.choice([0.6, 2.0, 10.0]))), 168)).astype(np.float32)
    factor = np.minimum(factor, np.float32(SLOWEST_LINK_S / network.freeflow_s.max()))
    turn_s = np.append(rng.uniform(0, float(rng.choice([0.4, 10, 60])), 4), 0).astype(np.float32)
    city = City(
        name="random",
        timezone="UTC",
        driving_side="left" if rng.random() < 0.5 else "right",
        day_start_hour=int(rng.integers(24)),
        first_day=FIRST_DAY,
        last_day=PLAYED_DAY,
        holidays=frozenset({PLAYED_DAY}) if rng.random() < 0.2 else frozenset(),
        network=network,
        trips=random_trips(rng, network),
        fare=Fare("USD", 100, int(rng.integers(500)), int(rng.integers(300)), int(rng.integers(1, 60))),
        fleet=random_fleet(rng, float((network.freeflow_s * factor.mean()).mean() + turn_s.mean())),
        travel_time_factor=factor,
        turn_s=turn_s,
        digest="sha256:" + f"{number:064x}",
    )
    history = History(FIRST_DAY, PLAYED_DAY - timedelta(days=1))
    scenario = Scenario(read_parameters(random_parameters(rng)), read_settings(random_settings(rng)), "statistics", history)
    return make_world(city), scenario, int(rng.integers(2**31))


def random_network(rng: np.random.Generator) -> Network:
    """One link that leads into itself, a street, a ring, a tree of dead ends, or a grid with holes."""
    shape = rng.choice(["link", "street", "ring", "tree", "grid", "grid", "grid"])
    if shape == "link":
        return single_link(rng)
    points, pairs = {"street": _street, "ring": _ring, "tree": _tree, "grid": _grid}[shape](rng)
    lengths = rng.choice([0.0, 20.0, 150.0, 900.0], len(pairs), p=[0.05, 0.3, 0.5, 0.15]) * rng.uniform(0.5, 1.5, len(pairs))
    classes = rng.choice([RoadClass.LOCAL, RoadClass.ARTERIAL, RoadClass.EXPRESS], len(pairs), p=[0.6, 0.3, 0.1])
    speeds = rng.uniform(10.0, 80.0, len(pairs))
    try:
        network = build_network(
            raw_network(points, pairs, length_m=lengths.tolist(), speed_kmh=speeds.tolist(), road_class=classes.tolist()), 1.0
        ).network
    except BadInput:
        return single_link(rng)  # one-way streets that nobody can come back on
    return network if (network.road_class != RoadClass.EXPRESS).any() else single_link(rng)


def single_link(rng: np.random.Generator) -> Network:
    """The smallest network there is: whoever leaves the link enters it again."""
    length_m = np.array([rng.uniform(5.0, 500.0)], np.float32)
    zero = np.zeros(1, np.float32)
    return Network(
        link_from=np.zeros(1, np.int32),
        link_to=np.zeros(1, np.int32),
        start_x_m=zero,
        start_y_m=zero,
        end_x_m=zero,
        end_y_m=zero,
        length_m=length_m,
        freeflow_s=length_m / np.float32(8.0),
        road_class=np.zeros(1, np.int8),
        zone=np.zeros(1, np.int32),
        successors=np.array([[0, 1, 1, 1]], np.int32),
        turns=np.array([[Turn.U_TURN, Turn.NONE, Turn.NONE, Turn.NONE]], np.int8),
    )


def _street(rng: np.random.Generator) -> tuple[list[Point], Pairs]:
    count = int(rng.integers(2, 8))
    return [(200.0 * k, float(rng.uniform(0, 50))) for k in range(count)], _both(list(pairwise(range(count))))


def _ring(rng: np.random.Generator) -> tuple[list[Point], Pairs]:
    count = int(rng.integers(3, 10))
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    pairs = [(k, (k + 1) % count) for k in range(count)]
    points = [(float(x), float(y)) for x, y in zip(300 * np.cos(angle), 300 * np.sin(angle), strict=True)]
    return points, _both(pairs) if rng.random() < 0.5 else pairs


def _tree(rng: np.random.Generator) -> tuple[list[Point], Pairs]:
    count = int(rng.integers(3, 16))
    parents = [int(rng.integers(max(0, k - 3), k)) for k in range(1, count)]
    points = [(float(rng.uniform(0, 1500)), float(rng.uniform(0, 1500))) for _ in range(count)]
    return points, _both([(parent, k) for k, parent in enumerate(parents, start=1)])


def _grid(rng: np.random.Generator) -> tuple[list[Point], Pairs]:
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    points = [(250.0 * (k % columns), 250.0 * (k // columns)) for k in range(columns * rows)]
    streets = [(k, k + 1) for k in range(columns * rows) if (k + 1) % columns]
    streets += [(k, k + columns) for k in range(columns * (rows - 1))]
    pairs = [pair for pair in _both(streets) if rng.random() < 0.85]
    # Loops go, duplicates are merged or stay as ways of their own.
    pairs += [(0, 0)] + [pairs[int(rng.integers(len(pairs)))] for _ in range(int(rng.integers(3))) if pairs]
    return points, pairs


def _both(pairs: Pairs) -> Pairs:
    return [link for a, b in pairs for link in ((a, b), (b, a))]


def random_trips(rng: np.random.Generator, network: Network) -> Trips:
    """None or many on the day played, some on the history's; long and short ones, in the first and the last second too."""
    hailable = np.flatnonzero(network.road_class != RoadClass.EXPRESS)
    columns: list[NDArray[np.float64]] = []
    for day in range(HISTORY_DAYS + 1):
        count = int(rng.choice([0, 1, 30, 200], p=[0.15, 0.15, 0.5, 0.2])) or (1 if day == 0 else 0)
        second = np.sort(rng.choice([rng.integers(0, 86_400, count), rng.integers(30_000, 32_000, count)], axis=0))
        if count:
            second[0], second[-1] = (0, 86_399) if rng.random() < 0.2 else (second[0], second[-1])
        places = rng.choice(hailable, count), rng.integers(0, network.links, count)
        seconds = np.exp(rng.uniform(np.log(0.5), np.log(3000), count))
        columns.append(np.stack([np.full(count, day), second, *places, seconds, 8.0 * seconds]))
    day, appears, pickup, dropoff, seconds, metres = np.concatenate(columns, axis=1)
    whole = [values.astype(np.int32) for values in (day, appears, pickup, dropoff)]
    return Trips(*whole, drive_freeflow_s=seconds.astype(np.float32), distance_m=metres.astype(np.float32))


def random_fleet(rng: np.random.Generator, step_s: float) -> Fleet:
    """One taxi or hundreds, who work all day or an hour: as many hours as the oracle has time for at `step_s` a turn."""
    taxis = int(rng.choice([1, 2, 7, 64, 65, 130], p=[0.2, 0.2, 0.3, 0.1, 0.1, 0.1]))
    hours = min(24, max(1, int(MAX_EVENTS * max(step_s, 1.0) / (3600.0 * taxis))))
    share = np.zeros(24, np.float32)
    share[rng.permutation(24)[:hours]] = rng.choice([0.5, 1.0], hours)
    if taxis == 1:
        share = np.ceil(share)
    return Fleet(taxis, share)


def random_settings(rng: np.random.Generator) -> dict[str, float]:
    """Each at an end of what is allowed, at its default, or anywhere between."""
    settings = {"follower_share": float(rng.choice([0.0, 0.05, 0.5, 1.0]))}
    for spec in SETTINGS:
        if spec.name in {"compliance", "patience_s", "latent_factor", "standing_share"}:
            anywhere = float(rng.uniform(spec.low, spec.high))
            settings[spec.name] = float(rng.choice([spec.low, float(spec.default), spec.high, anywhere]))
    return settings


def random_parameters(rng: np.random.Generator) -> dict[str, float]:
    """Anywhere within their bounds, or on them."""
    found = {}
    for spec in PARAMETERS:
        anywhere = float(rng.uniform(spec.low, spec.high))
        found[spec.name] = float(rng.choice([spec.low, spec.high, anywhere], p=[0.1, 0.1, 0.8]))
    return found
