"""A worlds file and the section that names it are read whole or refused with every fault, and the plan plays each world."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.config.conftest import REGION
from tests.unit.config.test_against_simulator import TOY
from tunegate.config.against_simulator import config_faults
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import RegionConfig
from tunegate.domain.errors import BadInput

SECTION = """
worlds:
  file: worlds.json
  stress:
    half follow: {settings: {compliance: 1.0, taxis: 500}, margin_pct: 0.5}
"""
TWO = [{"settings": {"compliance": 0.6}, "weight": 1}, {"settings": {"compliance": 0.9}, "weight": 3}]


def region(document: Any, section: str = SECTION) -> RegionConfig:
    Path("toyville.yaml").write_text(REGION + section)
    Path("worlds.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return load_region("toyville.yaml")


def refused(document: Any, section: str = SECTION) -> str:
    with pytest.raises(BadInput) as error:
        region(document, section)
    return str(error.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "a worlds file must be JSON"),
        ([], "a worlds file must fit its schema"),
        ({"worlds": TWO[:1]}, "there must be at least 2 worlds"),
        ({"worlds": [{**TWO[0], "weight": 0}, TWO[1]]}, "at least 2 worlds must have a weight above 0"),
        ({"worlds": [{**TWO[0], "weight": -1}, TWO[1]]}, "greater than or equal to 0"),
        ({"worlds": [{**TWO[0], "weihgt": 1}, TWO[1]]}, "worlds.0.weihgt"),
        ({"worlds": [{"settings": {}, "weight": 1}, TWO[1]]}, "worlds.0.settings"),
        ({"worlds": TWO, "format": "worlds/2"}, "format"),
        ({"worlds": [*TWO, {"settings": {"taxis": 500, "compliance": 1.0}, "weight": 1}]}, "must differ from every believed"),
    ],
)
def test_a_worlds_file_that_is_wrong_is_refused_with_its_fault(region_file: Path, document: Any, said: str) -> None:
    assert said in refused(document)


def test_a_missing_worlds_file_is_named_with_its_path(region_file: Path) -> None:
    Path("toyville.yaml").write_text(REGION + SECTION)
    with pytest.raises(BadInput, match=r"worlds\.json: a worlds file must be readable, but got No such file"):
        load_region("toyville.yaml")


def test_worlds_cannot_be_chosen_on_the_command_line(region_file: Path) -> None:
    region({"worlds": TWO})
    with pytest.raises(BadInput, match="what a candidate must survive must be written in a file"):
        load_region("toyville.yaml", ("worlds.count=9",))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"worlds": [*TWO, {"settings": {"complaince": 1}, "weight": 1}]}, "worlds.2.settings.complaince"),
        ({"worlds": [*TWO, {"settings": {"compliance": 2}, "weight": 1}]}, "takes compliance from 0 to 1"),
        ({"worlds": TWO, "simulator": {"name": "other", "version": "1"}}, "calibrated for the campaign's simulator, toysim 1"),
        ({"worlds": TWO, "simulator": {"name": "toysim", "version": "0"}}, "toysim 0"),
        ({"worlds": TWO, "city": {"name": "toyville", "digest": "sha256:1"}}, "calibrated for the campaign's city"),
    ],
)
def test_worlds_of_another_simulator_or_city_are_refused(region_file: Path, document: Any, said: str) -> None:
    assert said in "\n".join(map(str, config_faults(region(document), TOY)))


def test_worlds_that_fit_are_taken(region_file: Path) -> None:
    made_for = {"simulator": {"name": "toysim", "version": "1"}, "city": {"name": "toyville", "digest": "sha256:0"}}
    assert config_faults(region({"worlds": TWO, **made_for}), TOY) == ()


def plan(document: Any = None) -> CampaignPlan:
    return CampaignPlan.of("toy-1", region({"worlds": TWO} if document is None else document), "toyville", TOY)


def test_a_trial_plays_its_worlds_in_turn_and_every_stress_world_on_one_day(region_file: Path) -> None:
    made = plan()
    requests = made.trial_requests(3, made.production)
    assert [request.id.removeprefix("toy-1/") for request in requests] == [
        "trial-0003-world-1",
        "trial-0003-world-2",
        "trial-0003-stress-1",
    ]
    *believed, stress = requests
    assert [day for request in believed for day in request.days] == list(made.periods.tuning.days)
    assert dict(stress.settings) == {"compliance": 1.0, "taxis": 500}
    assert len(stress.days) == 1
    assert len({request.seeds for request in requests}) == len(requests)


def test_a_finalist_plays_every_validation_day_in_as_many_worlds_as_there_were_seeds(region_file: Path) -> None:
    made = plan()
    believed = made.confirmation_requests("production", made.production)
    played = Counter(day for request in believed for day in request.days)
    assert played == dict.fromkeys(made.periods.validation.days, made.config.search.confirm_seeds_per_day)
    stress = made.confirmation_stress_requests("production", made.production)
    assert {name: request.days for name, request in stress.items()} == {"half follow": made.periods.validation.days}


def test_a_stored_plan_has_its_worlds_and_does_not_read_the_file_again(region_file: Path) -> None:
    made = plan()
    Path("worlds.json").unlink()
    read = CampaignPlan.from_document("toy-1", json.loads(json.dumps(made.as_document())))
    assert read.trial_requests(1, made.production) == made.trial_requests(1, made.production)


def test_other_worlds_are_another_configuration(region_file: Path) -> None:
    heavier = {"worlds": [{**TWO[0], "weight": 2}, TWO[1]]}
    assert region({"worlds": TWO}).digest != region(heavier).digest


def test_a_region_of_one_world_asks_as_before(region_file: Path) -> None:
    one = CampaignPlan.of("toy-1", load_region(region_file), "toyville", TOY)
    (request,) = one.trial_requests(3, one.production)
    assert request.id == "toy-1/trial-0003"
    assert (request.days, request.seeds) == (one.periods.tuning.days, one.search_seeds)
    assert one.confirmation_stress_requests("production", one.production) == {}
    assert "worlds" not in one.config.as_document()
    assert replace(one.config, worlds=None).digest == one.config.digest
