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
from hailsim.kernels.compiled import name_of
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.keys import Stream, stream_key
from hailsim.model.metrics import report_day
from hailsim.model.road import read_road
from hailsim.model.settings import read_settings
from hailsim.model.shelf import Shelf
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters

HISTORY = History(FIRST_DAY, FIRST_DAY + timedelta(days=6))


def scenario(**settings: float) -> Scenario:
    return Scenario(read_parameters({}), read_settings(settings), "statistics", HISTORY)


def test_shelf_keeps_the_values_used_last_within_its_bound() -> None:
    shelf = Shelf(capacity_bytes=300)
    made: list[str] = []

    def value(key: str) -> np.ndarray:
        def make() -> np.ndarray:
            made.append(key)
            return np.zeros(100, np.uint8)

        return shelf.get(key, np.ndarray, make)

    for key in ("a", "b", "c", "a", "d", "a", "b"):
        value(key)
    assert made == ["a", "b", "c", "d", "b"]
    assert shelf.held_bytes == 300


def test_shelf_keeps_the_newest_even_when_it_is_too_large() -> None:
    shelf = Shelf(capacity_bytes=10)
    first = shelf.get("a", np.ndarray, lambda: np.zeros(100, np.uint8))
    assert shelf.get("a", np.ndarray, lambda: np.ones(100, np.uint8)) is first


def test_streams_of_purposes_seeds_and_days_have_keys_of_their_own() -> None:
    keys = {
        stream_key(stream, seed, date(2024, 1, 1) + timedelta(days=day))
        for stream in Stream
        for seed in (0, 1, 2, 2**32 - 1)
        for day in range(40)
    }
    assert len(keys) == len(Stream) * 4 * 40


def test_simulating_changes_nothing_that_the_next_day_shares() -> None:
    world = make_world(small_city(trips_per_day=1500))
    day = FIRST_DAY + timedelta(days=8)
    first = report_day(run_day(world, scenario(), day, 1), world.road)
    run_day(world, scenario(follower_share=0.2, taxis=90), day, 1)
    assert report_day(run_day(world, scenario(), day, 1), world.road) == first
    assert report_day(run_day(make_world(small_city(trips_per_day=1500)), scenario(), day, 1), world.road) == first


def test_compiled_code_moves_when_any_kernel_source_changes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "b.py").write_text("y = 1")
    before = name_of(tmp_path)
    assert name_of(tmp_path) == before
    (tmp_path / "b.py").write_text("y = 2")
    assert name_of(tmp_path) != before


@pytest.mark.slow
def test_kernels_shipped_where_nothing_can_be_written_are_used_and_not_compiled_again(tmp_path: Path) -> None:
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
    road = read_road(city)
    network = city.network
    assert sorted(road.city_link.tolist()) == list(range(network.links))
    for link in range(road.links):
        there = road.city_link[link]
        ways = {int(road.city_link[s]) for s in road.successors[link] if s < road.links}
        assert ways == {int(s) for s in network.successors[there] if s < network.links}
        assert road.length_m[link] == network.length_m[there]
        assert road.zone[link] == network.zone[there]


def _with_network(city: City, **arrays: np.ndarray) -> City:
    return replace(city, network=replace(city.network, **arrays))


def test_a_link_that_takes_longer_than_a_record_can_say_is_refused() -> None:
    city = small_city()
    slow = city.network.freeflow_s.copy()
    slow[3] = 3000
    with pytest.raises(BadInput, match="every link must take less than 4095 s"):
        read_road(_with_network(city, freeflow_s=slow))


def test_a_link_without_a_way_on_is_refused() -> None:
    city = small_city()
    successors = city.network.successors.copy()
    successors[7] = city.network.links
    with pytest.raises(BadInput, match="every link must lead on"):
        read_road(_with_network(city, successors=successors))


def test_a_day_without_customers_earns_nothing_and_says_so() -> None:
    city = small_city(trips_per_day=300)
    keep = city.trips.day != 8
    trips = replace(city.trips, **{name: getattr(city.trips, name)[keep] for name in city.trips.__dataclass_fields__})
    world = make_world(replace(city, trips=trips))
    report = report_day(run_day(world, scenario(), FIRST_DAY + timedelta(days=8), 1), world.road)
    assert report.metrics["revenue_minor"] == 0
    assert report.metrics["customers"] == 0
    assert report.zone_revenue_minor == {}
    assert "wait_mean_s" not in report.metrics
    assert report.drivers > 0
