from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_runs import assert_day_agrees, random_world
from small_city import FIRST_DAY

from hailsim.model.calendar import History
from hailsim.model.folder import read_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters

TESTS = Path(__file__).parent


@given(number=st.integers(0, 100_000))
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_random_worlds_agree_to_the_last_integer(number: int) -> None:
    world, scenario = random_world(number)
    assert_day_agrees(world, scenario, FIRST_DAY + timedelta(days=3), number)


@pytest.mark.slow
def test_no_kernel_reads_or_writes_out_of_bounds(tmp_path: Path) -> None:
    # Machine code with bounds checks must not meet the other kind in one cache.
    environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(TESTS / "oracle_runs.py"), "0", "12"],
        env=environment,
        cwd=TESTS,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("12 worlds agree")


@pytest.mark.slow
def test_a_day_of_a_real_city_agrees() -> None:
    city = read_city("manhattan")
    history = History(city.first_day, city.first_day + timedelta(days=6))
    scenario = Scenario(
        read_parameters({}), read_settings({"follower_share": 0.5, "latent_factor": 1.3, "taxis": 200}), "statistics", history
    )
    trips = assert_day_agrees(make_world(city), scenario, city.first_day + timedelta(days=9), seed=3)
    assert trips > 1_000
