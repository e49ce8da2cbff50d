from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import resolve_periods
from tunegate.domain.simulation import CityFacts, SimulatorDescription
from tunegate.search.definition import definition_faults

CITY = CityFacts("toyville", "sha256:0", date(2024, 3, 1), date(2024, 3, 31), 100, 50, "USD", 100)
TOY = SimulatorDescription("toysim", "1", (), (), (), CITY)


def document(region_file: Path, *overrides: str, description: SimulatorDescription = TOY) -> dict[str, object]:
    config = load_region(region_file, overrides)
    return config.study_definition("study", resolve_periods(config, CITY.last_day), description).as_document()


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("seed=8", "seed"),
        ("production.gamma=0.8", "production.gamma"),
        ("search.space.gamma.high=0.95", "space.gamma.high"),
        ("search.sampler=random", "sampler"),
        ("periods.tuning.last=2024-03-06", "objective.tuning"),
        ("periods.history.first=2024-03-02", "objective.history"),
        ("search.forecast=statistics", "objective.forecast"),
        ("search.seeds_per_day=2", "objective.seeds"),
        ("simulator.settings.taxis=5", "objective.settings.taxis"),
    ],
)
def test_what_decides_the_trials_defines_the_study(region_file: Path, override: str, key: str) -> None:
    faults = definition_faults(document(region_file), document(region_file, override), "study")
    assert key in [fault.place.split(" ")[0] for fault in faults]


def test_another_simulator_or_city_is_another_study(region_file: Path) -> None:
    others = (replace(TOY, version="2"), replace(TOY, city=replace(CITY, digest="sha256:1")))
    for other, key in zip(others, ("objective.simulator", "objective.city_digest"), strict=True):
        faults = definition_faults(document(region_file), document(region_file, description=other), "study")
        assert [fault.place for fault in faults] == [f"{key} (study study)"]


@pytest.mark.parametrize(
    "override",
    [
        "search.trials=20",
        "search.workers=8",
        "search.failure_budget=9",
        "search.attempts_per_trial=1",
        "search.confirm_top=3",
        "periods.test.last=2024-03-20",
        "gate.minimum_days=7",
        "simulator.answer_timeout_s=5",
    ],
)
def test_what_does_not_touch_the_trials_does_not(region_file: Path, override: str) -> None:
    assert document(region_file, override) == document(region_file)


@pytest.mark.parametrize("sampler", ["gp", "qmc"])
def test_the_plan_of_a_campaign_that_began_with_a_removed_sampler_stays_readable(region_file: Path, sampler: str) -> None:
    document = CampaignPlan.of("toyville-1", load_region(region_file), "toyville", TOY).as_document()
    document["config"]["search"]["sampler"] = sampler
    read = CampaignPlan.from_document("toyville-1", document)
    assert read.as_document() == document
    assert read.study_definition.sampler == sampler
