"""The region files in the repository are sound and fit the simulator they are for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tunegate.adapters.simulator.messages import parse_description
from tunegate.config.against_simulator import config_faults
from tunegate.config.loading import load_region
from tunegate.config.region import Bundled, CitySource, resolve_periods
from tunegate.domain.simulation import CityFacts, SimulatorDescription

REPOSITORY = Path(__file__).parents[3]
REGIONS = sorted((REPOSITORY / "configs" / "regions").glob("*.yaml"))

# Recorded from 2008-05-17 03:00 to 2008-06-02 24:00 local time; an operating day ends in the night after its date.
RECORDED = CityFacts("sf", "sha256:0", date(2008, 5, 17), date(2008, 6, 1), 4227, 536, "USD", 100)


def described(*arguments: str) -> SimulatorDescription:
    hailsim = Path(sys.executable).with_name("hailsim")
    answer = subprocess.run([str(hailsim), "describe", *arguments], capture_output=True, check=True, timeout=120)
    return parse_description(answer.stdout)


@pytest.fixture(scope="module")
def hailsim() -> SimulatorDescription:
    return described()


@pytest.mark.parametrize("path", REGIONS, ids=lambda path: path.stem)
def test_a_shipped_region_is_sound_and_fits_hailsim(path: Path, hailsim: SimulatorDescription) -> None:
    config = load_region(path)
    assert config.region == path.stem
    assert config_faults(config, hailsim) == ()
    assert set(config.gate.policy().guardrails) != set()


def test_manhattan_runs_on_days_the_bundled_city_has() -> None:
    config = load_region(REPOSITORY / "configs/regions/manhattan.yaml")
    assert isinstance(config.city, Bundled)
    assert config_faults(config, described("--city", config.city.name)) == ()


def test_san_francisco_runs_on_recorded_days_and_tests_every_weekday(hailsim: SimulatorDescription) -> None:
    config = load_region(REPOSITORY / "configs/regions/san_francisco.yaml")
    assert config.city == CitySource(REPOSITORY.parent / "shared" / "data" / "sf")
    periods = resolve_periods(config, date(2008, 6, 1))
    assert {day.weekday() for day in periods.test.days} == set(range(7))
    assert config.worlds is not None
    assert config.worlds.city is not None
    recorded = replace(RECORDED, name=config.worlds.city.name, digest=config.worlds.city.digest or "")
    assert config_faults(config, replace(hailsim, city=recorded)) == ()


@pytest.mark.parametrize("region", ["manhattan", "san_francisco"])
def test_a_candidate_must_survive_that_many_follow(region: str) -> None:
    stress = load_region(REPOSITORY / f"configs/regions/{region}.yaml").gate_policy.stress_worlds
    assert {world.name: (dict(world.settings), world.margin_pct) for world in stress} == {
        "half_follow": ({"follower_share": 0.5, "compliance": 1.0}, 0.5),
        "most_follow": ({"follower_share": 0.8, "compliance": 0.8}, 0.5),
    }
