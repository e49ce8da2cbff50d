from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from oracle_runs import assert_day_agrees, play_worlds
from random_worlds import PLAYED_DAY, random_parameters, random_world

from hailsim.faults import BadInput
from hailsim.kernels.arrays import SLOTS
from hailsim.model.calendar import History
from hailsim.model.city import Turn
from hailsim.model.folder import read_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, prepare_day, simulate_prepared_day, simulate_switching_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters

TESTS = Path(__file__).parent


WORLDS, CHUNK = 1_000, 125


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, WORLDS, CHUNK))
def test_a_thousand_random_worlds_agree_to_the_last_integer(first: int) -> None:
    play_worlds(range(first, first + CHUNK))


@pytest.mark.slow
def test_days_that_switch_parameters_agree_to_the_last_integer() -> None:
    trips = 0
    for number in range(2_000, 2_080):
        world, scenario, seed = random_world(number)
        candidate = read_parameters(random_parameters(np.random.default_rng(number)))
        trips += assert_day_agrees(world, scenario, PLAYED_DAY, seed, candidate)
    assert trips > 1_000


def test_a_day_with_one_plan_in_all_slots_is_the_day_of_that_plan() -> None:
    world, scenario, seed = random_world(3)
    other = replace(scenario, parameters=read_parameters({"gamma": 0.6, "temperature": 9.0}))
    production, candidate = (prepare_day(world, each, PLAYED_DAY, seed) for each in (scenario, other))
    alone = [simulate_prepared_day(day, world.graph.links).arrays for day in (production, candidate)]
    assert alone[0].entries.tolist() != alone[1].entries.tolist()
    for arrays, slots in zip(alone, (np.zeros(SLOTS, bool), np.ones(SLOTS, bool)), strict=True):
        switching = simulate_switching_day(production, candidate.plan, slots, world.graph.links).arrays
        assert all(np.array_equal(mine, theirs) for mine, theirs in zip(switching, arrays, strict=True))


def test_the_random_worlds_include_all_extremes() -> None:
    worlds = [random_world(number) for number in range(100)]
    links = {world.graph.links for world, _, _ in worlds}
    assert 1 in links
    assert 2 in links
    assert max(links) > 20
    assert any((world.graph.turns == Turn.U_TURN).any() and world.graph.links > 4 for world, _, _ in worlds)
    assert {scenario.settings.follower_share for _, scenario, _ in worlds} == {0.0, 0.05, 0.5, 1.0}
    for name, low, high in (("compliance", 0.0, 1.0), ("patience_s", 10.0, 7200.0), ("standing_share", 0.0, 0.9)):
        assert {low, high} <= {getattr(scenario.settings, name) for _, scenario, _ in worlds}
    customers = [len(world.customers(PLAYED_DAY, seed, scenario.settings).link) for world, scenario, seed in worlds]
    assert min(customers) == 0
    assert max(customers) > 1_000
    taxis = [world.city.fleet.taxis for world, _, _ in worlds]
    assert any(fleet > wanted > 0 for fleet, wanted in zip(taxis, customers, strict=True)), "more taxis than customers"
    assert any(wanted > 100 * fleet for fleet, wanted in zip(taxis, customers, strict=True))
    assert any(
        (world.city.fleet.active_share == 0).any() and fleet > 64 for (world, _, _), fleet in zip(worlds, taxis, strict=True)
    )


@pytest.mark.slow
def test_no_kernel_reads_or_writes_out_of_bounds(tmp_path: Path) -> None:
    # Machine code with bounds checks must not meet the other kind in one cache.
    environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(TESTS / "oracle_runs.py"), "0", "100"],
        env=environment,
        cwd=TESTS,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("100 worlds agree")


@pytest.mark.slow
@pytest.mark.parametrize("traffic_factor", [0.25, 0.8, 1.25])
def test_random_worlds_in_other_traffic_agree(traffic_factor: float) -> None:
    for number in range(12):
        world, scenario, seed = random_world(number)
        assert_day_agrees(world, in_traffic(scenario, traffic_factor), PLAYED_DAY, seed)


def test_traffic_in_which_a_link_takes_an_hour_is_refused() -> None:
    world, scenario, seed = random_world(6)
    with pytest.raises(BadInput, match="less than 4095 s") as refused:
        prepare_day(world, in_traffic(scenario, 4.0), PLAYED_DAY, seed)
    assert refused.value.faults[0].place == "settings.traffic_factor"


def in_traffic(scenario: Scenario, traffic_factor: float) -> Scenario:
    return replace(scenario, settings=replace(scenario.settings, traffic_factor=traffic_factor))


@pytest.mark.slow
def test_a_day_of_a_real_city_agrees() -> None:
    city = read_city("manhattan")
    history = History(city.first_day, city.first_day + timedelta(days=6))
    scenario = Scenario(
        read_parameters({}), read_settings({"follower_share": 0.5, "latent_factor": 1.3, "taxis": 200}), "statistics", history
    )
    trips = assert_day_agrees(make_world(city), scenario, city.first_day + timedelta(days=9), seed=3)
    assert trips > 1_000
