"""The section `rollout_plan`: what it comes to, and what a person reads where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tunegate.config.loading import load_region
from tunegate.domain.errors import BadInput
from tunegate.domain.observation_sources import ObservationFolder, ObservationTable, ObservationView
from tunegate.release.rollout_plan import IMMEDIATE, Switchback

SWITCHBACK = {
    "days": 14,
    "window_min": 120,
    "washout_min": 30,
    "harm_limit_pct": -2.0,
    "level": 0.1,
    "time_zone": "America/New_York",
    "currency": "USD",
}
FOLDER = {"folder": "../street"}


def written(region_file: Path, plan: object) -> Path:
    tree = yaml.safe_load(region_file.read_text())
    region_file.write_text(yaml.safe_dump({**tree, "rollout_plan": plan}))
    return region_file


def faults_of(region_file: Path, plan: object) -> list[str]:
    with pytest.raises(BadInput) as refused:
        load_region(written(region_file, plan))
    return [str(fault) for fault in refused.value.faults]


def test_a_region_that_says_nothing_or_immediate_releases_at_once(region_file):
    plain = load_region(region_file)
    assert (plain.rollout_plan, plain.observations) == (IMMEDIATE, None)
    named = load_region(written(region_file, "immediate"))
    assert named.rollout_plan == IMMEDIATE
    assert named.digest == plain.digest


def test_a_switchback_is_looked_at_every_day_unless_it_says_when(region_file, tmp_path):
    config = load_region(written(region_file, {"switchback": SWITCHBACK, "observations": FOLDER}))
    assert isinstance(config.rollout_plan, Switchback)
    assert config.rollout_plan.design.looks == tuple(range(1, 15))
    assert config.rollout_plan.automatic_rollback
    assert config.observations == ObservationFolder(tmp_path.parent / "street")
    weekly = load_region(written(region_file, {"switchback": {**SWITCHBACK, "looks": [7, 14]}, "observations": FOLDER}))
    assert weekly.rollout_plan.design.looks == (7, 14)
    assert weekly.digest != config.digest


def test_a_region_may_take_back_the_plan_it_inherits(region_file):
    written(region_file, {"switchback": SWITCHBACK, "observations": FOLDER})
    Path("own.yaml").write_text("extends: toyville.yaml\nrollout_plan: immediate\n")
    assert load_region("own.yaml").rollout_plan == IMMEDIATE


@pytest.mark.parametrize(
    ("observations", "source"),
    [
        ({"sql": {"url_variable": "STREET_URL", "table": "seen"}}, ObservationTable("STREET_URL", "seen")),
        ({"bigquery": "acme-street.taxis.seen"}, ObservationView("acme-street", "taxis", "seen")),
    ],
)
def test_the_street_may_report_to_a_table(region_file, observations, source):
    assert load_region(written(region_file, {"switchback": SWITCHBACK, "observations": observations})).observations == source


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"window_min": 100}, "a window must divide a day of 1,440 minutes, but got 100 minutes"),
        ({"harm_limit_pct": 1.0}, "`harm_limit_pct` must be at most -0.1, but got 1.0"),
        ({"harm_limit_pct": 0.0}, "`harm_limit_pct` must be at most -0.1, but got 0.0"),
        ({"washout_min": 120}, "`0 <= washout_min < window_min` must hold, but got 120 of 120 minutes"),
        ({"looks": [7]}, "the last of which is the last day, but got [7] of 14 days"),
        ({"looks": [14, 7]}, "looks must be days in ascending order"),
        ({"days": 1}, "`days` must be at least 2, but got 1"),
        ({"level": 0.5}, "`level` must be at most 0.3, but got 0.5"),
        ({"time_zone": "New York"}, "a time zone must be one of the tz database, but got 'New York'"),
        ({"currency": "dollars"}, "`currency` must be"),
        ({"harm_limit": -1}, "a key must be one that is known here, but got `harm_limit`. Did you mean `harm_limit_pct`?"),
    ],
)
def test_a_design_that_cannot_be_is_one_fault_with_file_and_line(region_file, changes, says):
    found = faults_of(region_file, {"switchback": {**SWITCHBACK, **changes}, "observations": FOLDER})
    assert len(found) == 1
    assert says in found[0]
    assert "rollout_plan.switchback." in found[0]
    assert "toyville.yaml" in found[0]


@pytest.mark.parametrize(
    ("observations", "says"),
    [
        ({}, "exactly one of folder, sql, bigquery must be given, but got none"),
        ({**FOLDER, "bigquery": "acme-street.taxis.seen"}, "must be given, but got folder and bigquery"),
    ],
)
def test_the_street_reports_to_exactly_one_place(region_file, observations, says):
    assert says in faults_of(region_file, {"switchback": SWITCHBACK, "observations": observations})[0]


def test_a_plan_without_observations_and_one_that_is_no_plan_are_faults(region_file):
    assert "`observations` must be given" in faults_of(region_file, {"switchback": SWITCHBACK})[0]
    assert "rollout_plan" in faults_of(region_file, "at once")[0]


def test_who_begins_a_campaign_does_not_choose_how_its_candidate_comes_to_the_street(region_file):
    with pytest.raises(BadInput, match="must be written in a file, where others see it"):
        load_region(region_file, ["rollout_plan=immediate"])
