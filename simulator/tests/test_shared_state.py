"""What requests of one process share, and what processes share: bounded, keyed, never stale."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from small_city import FIRST_DAY, small_city

import hailsim
from hailsim.faults import BadInput
from hailsim.kernels.compiled import cache_name
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.city_cache import CityCache
from hailsim.model.metrics import report_day
from hailsim.model.random_streams import Stream, stream_key
from hailsim.model.routing_graph import build_routing_graph
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters

HISTORY = History(FIRST_DAY, FIRST_DAY + timedelta(days=6))


def scenario(**settings: float) -> Scenario:
    return Scenario(read_parameters({}), read_settings(settings), "statistics", HISTORY)


def test_the_cache_keeps_recently_used_values_within_its_capacity() -> None:
    cache = CityCache(capacity_bytes=300)
    made: list[str] = []

    def value(key: str) -> np.ndarray:
        def make() -> np.ndarray:
            made.append(key)
            return np.zeros(100, np.uint8)

        return cache.get(key, np.ndarray, make)

    for key in ("a", "b", "c", "a", "d", "a", "b"):
        value(key)
    assert made == ["a", "b", "c", "d", "b"]
    assert cache.held_bytes == 300


def test_the_cache_keeps_the_newest_value_even_if_too_large() -> None:
    cache = CityCache(capacity_bytes=10)
    first = cache.get("a", np.ndarray, lambda: np.zeros(100, np.uint8))
    assert cache.get("a", np.ndarray, lambda: np.ones(100, np.uint8)) is first


def test_purposes_seeds_and_days_have_distinct_stream_keys() -> None:
    keys = {
        stream_key(stream, seed, date(2024, 1, 1) + timedelta(days=day))
        for stream in Stream
        for seed in (0, 1, 2, 2**32 - 1)
        for day in range(40)
    }
    assert len(keys) == len(Stream) * 4 * 40


def test_simulating_a_day_does_not_modify_shared_state() -> None:
    world = make_world(small_city(trips_per_day=1500))
    day = FIRST_DAY + timedelta(days=8)
    first = report_day(run_day(world, scenario(), day, 1), world.graph)
    run_day(world, scenario(follower_share=0.2, taxis=90), day, 1)
    assert report_day(run_day(world, scenario(), day, 1), world.graph) == first
    assert report_day(run_day(make_world(small_city(trips_per_day=1500)), scenario(), day, 1), world.graph) == first


def test_the_kernel_cache_directory_changes_with_any_kernel_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "b.py").write_text("y = 1")
    before = cache_name(tmp_path)
    assert cache_name(tmp_path) == before
    (tmp_path / "b.py").write_text("y = 2")
    assert cache_name(tmp_path) != before


@pytest.mark.slow
def test_kernels_shipped_in_a_read_only_directory_are_reused(tmp_path: Path) -> None:
    """As in a container: built into the image, then run with the image read-only."""
    package, shipped, own = Path(hailsim.__file__).parent, tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    environment = os.environ | {"NUMBA_CACHE_DIR": str(shipped), "XDG_CACHE_HOME": str(own), "NUMBA_DEBUG_CACHE": "1"}
    mix = [sys.executable, "-c", "from hailsim.kernels.hashing import mix; mix(7)"]

    built = subprocess.run(mix, env=environment, check=True, capture_output=True, text=True).stdout
    assert "data saved to" in built

    read_only = " && ".join(
        f"mount --bind '{place}' '{place}' && mount -o remount,ro,bind '{place}'" for place in (package, shipped)
    )
    sealed = ["unshare", "--mount", "sh", "-c", f'{read_only} && exec "$@"', "sh", *mix]
    ran = subprocess.run(sealed, env=environment, check=True, capture_output=True, text=True).stdout
    assert f"data loaded from '{own}" in ran
    assert "data saved to" not in ran


def test_links_are_renumbered_without_changing_the_network() -> None:
    city = small_city()
    graph = build_routing_graph(city)
    network = city.network
    assert sorted(graph.city_link.tolist()) == list(range(network.links))
    for link in range(graph.links):
        there = graph.city_link[link]
        ways = {int(graph.city_link[s]) for s in graph.successors[link] if s < graph.links}
        assert ways == {int(s) for s in network.successors[there] if s < network.links}
        assert graph.length_m[link] == network.length_m[there]
        assert graph.zone[link] == network.zone[there]


def _with_network(city: City, **arrays: np.ndarray) -> City:
    return replace(city, network=replace(city.network, **arrays))


def test_a_link_too_slow_for_its_record_is_refused() -> None:
    city = small_city()
    slow = city.network.freeflow_s.copy()
    slow[3] = 3000
    with pytest.raises(BadInput, match="every link must take less than 4095 s"):
        build_routing_graph(_with_network(city, freeflow_s=slow))


def test_a_link_without_exits_is_refused() -> None:
    city = small_city()
    successors = city.network.successors.copy()
    successors[7] = city.network.links
    with pytest.raises(BadInput, match="every link must have an exit"):
        build_routing_graph(_with_network(city, successors=successors))


def test_a_day_without_customers_earns_nothing() -> None:
    city = small_city(trips_per_day=300)
    keep = city.trips.day != 8
    trips = replace(city.trips, **{name: getattr(city.trips, name)[keep] for name in city.trips.__dataclass_fields__})
    world = make_world(replace(city, trips=trips))
    report = report_day(run_day(world, scenario(), FIRST_DAY + timedelta(days=8), 1), world.graph)
    assert report.metrics["revenue_minor"] == 0
    assert report.metrics["customers"] == 0
    assert report.zone_revenue_minor == {}
    assert "wait_mean_s" not in report.metrics
    assert report.drivers > 0
