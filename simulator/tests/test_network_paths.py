from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest
from city_samples import grid, links_by_name, raw_network
from hypothesis import given, settings
from hypothesis import strategies as st

from hailsim.model.city import Network
from hailsim.model.network import build_network, turn_seconds
from hailsim.model.paths import drive_times


def plain_drive(network: Network, turn_s: np.ndarray, start: int, goal: int) -> tuple[float, set[float]]:
    """Textbook Dijkstra: seconds of the fastest way, and the metres of every fastest way (to a millisecond)."""
    best: dict[int, float] = {start: 0.0}
    ways: dict[int, set[float]] = {start: {0.0}}
    queue = [(0.0, start)]
    while queue:
        time_s, link = heapq.heappop(queue)
        if time_s > best[link]:
            continue
        for slot in range(4):
            after = int(network.successors[link, slot])
            if after == network.links:
                continue
            arrives = time_s + float(turn_s[network.turns[link, slot]]) + float(network.freeflow_s[after])
            metres = {round(way + float(network.length_m[after]), 1) for way in ways[link]}
            if arrives < best.get(after, np.inf) - 1e-3:
                best[after], ways[after] = arrives, metres
                heapq.heappush(queue, (arrives, after))
            elif arrives < best[after] + 1e-3:
                ways[after] |= metres
    return best[goal], ways[goal]


def test_an_expensive_left_turn_is_replaced_by_three_rights() -> None:
    # From the south at (200, 0) to the west side of the block: left at once, or round the block to the right.
    raw = grid(4, 4, block_m=50.0)
    built = build_network(raw, 0.0)
    link = links_by_name(built, raw)
    cheap, dear = turn_seconds("right"), turn_seconds("right")
    dear[2] = 300.0
    pickup, dropoff = np.array([link["1-5"]]), np.array([link["5-4"]])
    at_once, direct_m = drive_times(built.network, cheap, pickup, dropoff)
    around, around_m = drive_times(built.network, dear, pickup, dropoff)
    assert at_once[0] == pytest.approx(cheap[2] + built.network.freeflow_s[link["5-4"]])
    assert direct_m[0] == pytest.approx(50.0, rel=1e-3)
    # Straight on, three rights, straight over the crossing again.
    assert around[0] == pytest.approx(3 * dear[1] + 5 * 5.0, rel=1e-3)
    assert around_m[0] == pytest.approx(250.0, rel=1e-3)


def test_a_drive_to_the_same_link_is_zero_and_drives_are_asymmetric() -> None:
    points = [(0.0, 0.0), (400.0, 0.0), (400.0, 400.0), (0.0, 400.0)]
    raw = raw_network(points, [(0, 1), (1, 2), (2, 3), (3, 0)])
    built = build_network(raw, 0.0)
    link = links_by_name(built, raw)
    pickup = np.array([link["0-1"], link["0-1"], link["1-2"]])
    dropoff = np.array([link["0-1"], link["1-2"], link["0-1"]])
    time_s, distance_m = drive_times(built.network, turn_seconds("right"), pickup, dropoff)
    assert (time_s[0], distance_m[0]) == (0.0, 0.0)
    assert distance_m[1:] == pytest.approx([400.0, 1200.0], rel=1e-3)
    assert time_s[2] == pytest.approx(3 * (40.0 + 5.0), rel=1e-3)


def test_a_drive_without_a_path_is_infinite() -> None:
    network = build_network(grid(2, 2), 0.0).network
    nowhere = replace(network, successors=np.full_like(network.successors, network.links))
    time_s, distance_m = drive_times(nowhere, turn_seconds("right"), np.array([0, 1]), np.array([1, 1]))
    assert time_s.tolist() == distance_m.tolist() == [np.inf, 0.0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["left", "right"]))
def test_batched_drives_agree_with_textbook_dijkstra(seed: int, side: str) -> None:
    rng = np.random.default_rng(seed)
    points = [(float(c * 200), float(r * 200)) for r in range(5) for c in range(5)]
    full = grid(5, 5)
    links = [(int(a), int(b)) for a, b in zip(full.link_from, full.link_to, strict=True)]
    raw = raw_network(
        points,
        links,
        length_m=rng.uniform(210.0, 500.0, len(links)).tolist(),
        speed_kmh=rng.uniform(15.0, 80.0, len(links)).tolist(),
    )
    network = build_network(raw, 0.0).network
    turn_s = turn_seconds("left" if side == "left" else "right")
    pickup, dropoff = rng.integers(0, network.links, 30), rng.integers(0, network.links, 30)
    time_s, distance_m = drive_times(network, turn_s, pickup, dropoff)
    for k in range(30):
        expected_s, possible_m = plain_drive(network, turn_s, int(pickup[k]), int(dropoff[k]))
        assert time_s[k] == pytest.approx(expected_s, abs=1e-2)
        assert min(abs(distance_m[k] - metres) for metres in possible_m) < 1.0
