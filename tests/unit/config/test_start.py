"""A search that starts from other regions' best trials takes only points of its own space, and no more than its budget has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.config.test_study_definition import TOY
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.config.start import best_first, newest_finished, start_points
from tunegate.domain.parameters import Parameters
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus
from tunegate.search.definition import definition_faults

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def finished(*best: dict[str, float], status: CampaignStatus = CampaignStatus.FINISHED) -> CampaignRow:
    return CampaignRow("next_door-1", "next_door", {}, "sha256:0", NOON, status, NOON, {"verdict": "promote", "best": [*best]})


def test_points_are_clipped_to_the_space_whole_where_it_is_and_filled_up_with_production(region_file: Path):
    config = load_region(region_file)
    (point,) = start_points(config, [finished({"gamma": 1.2, "max_wait_s": 5, "unknown": 3.0})])
    assert dict(point) == {"gamma": 0.99, "max_wait_s": 30.0, "sweeps": 4}
    (whole,) = start_points(config, [finished({"gamma": 0.8, "sweeps": 6.7})])
    assert whole["sweeps"] == 7
    assert isinstance(whole["sweeps"], int)


def test_the_best_of_each_come_in_order_without_production_and_without_repetition(region_file: Path):
    config = load_region(region_file)
    first, second, third = ({"gamma": gamma} for gamma in (0.8, 0.7, 0.6))
    assert config.search.confirm_top == 2
    found = start_points(config, [finished({"gamma": 0.9}, first, third), finished(first, second)])
    assert [point["gamma"] for point in found] == [0.8, 0.7]


def test_never_more_than_the_budget_has_places_beside_production(region_file: Path):
    config = load_region(region_file, ("search.trials=3", "search.confirm_top=2"))
    found = start_points(config, [finished({"gamma": 0.6 + shift}, {"gamma": 0.7 + shift}) for shift in (0.0, 0.01)])
    assert len(found) == 2


def test_a_campaign_that_kept_no_best_gives_nothing(region_file: Path):
    old = replace(finished(), outcome={"verdict": "reject"})
    assert start_points(load_region(region_file), [old, replace(old, outcome=None)]) == ()


def test_a_campaign_keeps_its_confirmed_winner_first_and_once():
    ranked = [Parameters({"gamma": gamma}) for gamma in (0.8, 0.7)]
    assert best_first(ranked[1], ranked) == [{"gamma": 0.7}, {"gamma": 0.8}]
    assert best_first(None, ranked) == [{"gamma": 0.8}, {"gamma": 0.7}]


def test_only_a_finished_campaign_counts():
    class Book:
        def of_region(self, region: str) -> tuple[CampaignRow, ...]:
            return (finished(status=CampaignStatus.RUNNING), finished(status=CampaignStatus.FAILED), finished({"gamma": 0.8}))

    assert newest_finished(Book(), "next_door").outcome["best"] == [{"gamma": 0.8}]  # type: ignore[arg-type,union-attr,index]


def test_the_start_is_part_of_the_plan_and_of_what_defines_the_study(region_file: Path):
    plan = CampaignPlan.of("toyville-1", load_region(region_file), "toyville", TOY)
    started = replace(plan, start=(Parameters({"gamma": 0.8, "max_wait_s": 60.0, "sweeps": 3}),))
    again = CampaignPlan.from_document("toyville-1", started.as_document())
    assert again.start == started.start
    assert again.study_definition == started.study_definition
    assert CampaignPlan.from_document("toyville-1", {**plan.as_document(), "start": []}).start == ()
    (fault,) = definition_faults(plan.study_definition.as_document(), started.study_definition.as_document(), "toyville-1")
    assert fault.place == "start (study toyville-1)"


@pytest.mark.parametrize("name", ["Next Door", "../x", ""])
def test_regions_to_start_from_are_names(faults_of, name: str):
    assert "search.start_from" in faults_of(f"search.start_from=['{name}']")[0]
