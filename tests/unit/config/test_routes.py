"""The section `routes`: closed and bounded, and not for whoever begins a campaign to choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.unit.config.conftest import REGION
from tests.unit.config.test_against_simulator import TOY
from tunegate.config.against_simulator import config_faults
from tunegate.config.loading import load_region
from tunegate.gate.routes.policy import LIMITED, Limit

FaultsOf = Callable[..., list[str]]
SECTION = {
    "required": True,
    "hours": [8, 18],
    "starts": 12,
    "places": [{"lon": -73.97, "lat": 40.75}],
    "limits": {"changed_pct": 95.0, **{name: {"worse": 3.0, "at_most": None} for name in LIMITED}},
}


def write(path: Path, section: dict[str, object]) -> None:
    path.write_text(REGION + yaml.safe_dump({"routes": section}))


def test_the_policy_has_the_units_of_the_check(region_file: Path) -> None:
    write(region_file, SECTION)
    routes = load_region(region_file).routes
    assert routes is not None
    assert (routes.policy.yardstick.chance, routes.policy.yardstick.loop_s, routes.policy.yardstick.loop_chance) == (
        0.01,
        600,
        0.05,
    )
    assert routes.policy.limits.loops_per_hour == Limit(3.0, None)
    assert routes.named_places == ((-73.97, 40.75),)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("hours", [8, 8], "an hour may be named once"),
        ("hours", [24], "must be at most 23"),
        ("hours", [], "must not be empty"),
        ("starts", 0, "must be at least 1"),
        ("places", [{"lon": 240.7, "lat": 1.0}], "must be at most 180"),
        ("places", [{"lon": 1.0}], "`lat` must be given"),
        ("nonsense", 1, "must be one that is known here"),
    ],
)
def test_a_wrong_value_gives_one_fault_in_plain_words(
    region_file: Path, faults_of: FaultsOf, key: str, value: object, says: str
) -> None:
    write(region_file, {**SECTION, key: value})
    (fault,) = faults_of()
    assert says in fault


@pytest.mark.parametrize("key", ["required", "hours", "starts", "limits"])
def test_what_decides_a_release_has_no_default(region_file: Path, faults_of: FaultsOf, key: str) -> None:
    write(region_file, {name: value for name, value in SECTION.items() if name != key})
    (fault,) = faults_of()
    assert f"`{key}` must be given" in fault


def test_a_limit_without_its_two_bounds_is_refused(region_file: Path, faults_of: FaultsOf) -> None:
    limits = {**SECTION["limits"], "loops_per_hour": {"worse": 1.0}}
    write(region_file, {**SECTION, "limits": limits})
    (fault,) = faults_of()
    assert "`at_most` must be given" in fault


def test_whoever_begins_a_campaign_does_not_choose_what_stops_its_candidate(region_file: Path, faults_of: FaultsOf) -> None:
    write(region_file, SECTION)
    for override in ("routes=null", "routes.required=false", "routes.limits.loops_per_hour.worse=1000"):
        (fault,) = faults_of(override)
        assert "must be written in a file, where others see it" in fault


def test_routes_that_must_be_checked_need_a_simulator_that_draws_them(region_file: Path) -> None:
    write(region_file, SECTION)
    drawing = replace(TOY, routes=True)
    about_routes = [fault for fault in config_faults(load_region(region_file), TOY) if fault.place == "routes.required"]
    assert len(about_routes) == 1
    assert config_faults(load_region(region_file), drawing) == ()
    write(region_file, {**SECTION, "required": False})
    assert config_faults(load_region(region_file), TOY) == ()
