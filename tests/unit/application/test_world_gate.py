"""From a region of worlds to a verdict, its record and its replay, by the product's own steps and a real simulator process."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from tests.flows.conftest import Installation as Folder
from tunegate.application.campaigns import begin_campaign, plan_campaign
from tunegate.application.jobs import gate_jobs
from tunegate.application.simulation import closing_simulators, simulate_and_store
from tunegate.application.verdicts import Judged, judge_and_record, replay_verdict, spend_test_period
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.config.worlds import RegionWorlds
from tunegate.domain.parameters import Parameters
from tunegate.domain.verdicts import Promote, Reject
from tunegate.domain.worlds import StressWorld, World, Worlds
from tunegate.gate.ledger import Allowance
from tunegate.gate.verdict_document import read_verdict
from tunegate.installation import Installation

SHARES = (0.0, 0.02, 0.05, 0.1)
BEGAN = datetime(2026, 2, 20, tzinfo=UTC)


def judged_by_a_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, margin_pct: float
) -> tuple[Installation, str, Judged]:
    """A better candidate, judged over four worlds and a stress world in which many drivers herd."""
    monkeypatch.setenv("TUNEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TUNEGATE_CONFIGS", str(tmp_path))
    file = tmp_path / "worlds.json"
    file.write_text(json.dumps({"worlds": [{"settings": {"herding": share}, "weight": 1 + share} for share in SHARES]}))
    stress = {"too many follow": {"settings": {"herding": 0.9}, "margin_pct": margin_pct}}
    region = Folder(tmp_path).region_file(worlds={"file": str(file), "stress": stress})
    return asyncio.run(_judged(Installation.from_environment(), region))


EXAMPLES = Path(__file__).parents[3] / "examples"
UNKNOWN = (
    'settings=[dict(name="log_worth", type="float", unit="1", default=5.0, low=3.0, high=7.0, '
    'meaning="log of what a glass is worth", unknown=dict(low=4.5, high=5.5, log=False))]'
)


def lemonade_stall(tmp_path: Path) -> Path:
    """The stall of the examples, which declares one unknown: what a glass is worth to those who walk by."""
    stall = (EXAMPLES / "bring_your_own_simulator.py").read_text(encoding="utf-8")
    for written, declared in (
        ("settings=[]", UNKNOWN),
        ("history, **_)", "history, settings, **_)"),
        ("lognormvariate(5, ", 'lognormvariate(settings["log_worth"], '),
    ):
        assert written in stall
        stall = stall.replace(written, declared)
    (tmp_path / "stall.py").write_text(stall, encoding="utf-8")
    worlds = [{"settings": {"log_worth": worth}, "weight": 1} for worth in (4.8, 4.9, 5.1, 5.2)]
    (tmp_path / "worlds.json").write_text(json.dumps({"worlds": worlds}), encoding="utf-8")
    region = yaml.safe_load((EXAMPLES / "bring_your_own_simulator.yaml").read_text(encoding="utf-8"))
    region["simulator"]["command"] = [sys.executable, str(tmp_path / "stall.py")]
    stress = {"nobody is thirsty": {"settings": {"log_worth": 4.75}, "margin_pct": 5.0}}
    region["worlds"] = {"file": "worlds.json", "stress": stress}
    path = tmp_path / "lemonade_stall.yaml"
    path.write_text(yaml.safe_dump(region), encoding="utf-8")
    return path


@pytest.mark.parametrize(("price", "kind"), [(86.0, Promote), (160.0, Reject)])
def test_another_teams_simulator_declares_one_unknown_and_is_judged_over_worlds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, price: float, kind: type
) -> None:
    """A dearer glass earns more; one that is too dear loses where a glass is worth less, and the stress world says so."""
    monkeypatch.setenv("TUNEGATE_HOME", str(tmp_path / "home"))
    installation, _, judged = asyncio.run(
        _judged(Installation.from_environment(), lemonade_stall(tmp_path), {"price": price}, datetime(2026, 6, 1, tzinfo=UTC))
    )
    assert isinstance(judged.judgement.verdict, kind), judged.judgement.verdict
    assert len(judged.judgement.worlds) == 4
    assert judged.judgement.realised is not None
    assert replay_verdict(installation, judged.record_digest)[1].differences == ()


async def _judged(
    installation: Installation,
    region: Path,
    better: Mapping[str, float] = MappingProxyType({"gamma": 0.95, "max_wait_s": 300}),
    began: datetime = BEGAN,
) -> tuple[Installation, str, Judged]:
    plan = await begin_campaign(installation, await plan_campaign(installation, load_region(region)), began)
    candidate = Parameters({**plan.production, **better})
    allowed = spend_test_period(installation, plan, candidate)
    async with closing_simulators(installation, plan.campaign):
        for job in gate_jobs(plan, candidate):
            for request in job.requests:
                await simulate_and_store(installation, plan.campaign, job.key_of(request), request)
    return installation, plan.campaign, judge_and_record(installation, plan, candidate, allowed)


def test_a_gate_over_worlds_is_recorded_replayed_and_spends_its_level_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation, campaign, judged = judged_by_a_campaign(tmp_path, monkeypatch, margin_pct=100)
    assert isinstance(judged.judgement.verdict, Promote)
    assert judged.judgement.realised is not None
    assert replay_verdict(installation, judged.record_digest)[1].differences == ()
    (row,) = installation.verdicts.of_region("toyville")
    document = read_verdict(row.document)
    assert [runs.world.settings["herding"] for runs in document.evidence.worlds] == list(SHARES)
    assert [runs.world.weight for runs in document.evidence.worlds] == [1 + share for share in SHARES]
    # Two seeds a day are two worlds a day: each of four plays half of the days.
    assert {len(runs.days) for runs in document.evidence.worlds} == {4}
    assert document.policy.stress_worlds == (StressWorld("too many follow", {"herding": 0.9}, 100),)
    again = spend_test_period(installation, installation.plan(campaign), judged.candidate)
    assert isinstance(again, Allowance)
    assert again.repeated


def test_a_candidate_that_loses_in_a_stress_world_is_rejected_by_the_gate_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, judged = judged_by_a_campaign(tmp_path, monkeypatch, margin_pct=0.5)
    assert isinstance(judged.judgement.verdict, Reject)
    assert "in the stress world too many follow revenue falls" in judged.judgement.verdict.reason


def test_weights_and_margins_are_part_of_the_question_that_the_ledger_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation, campaign, judged = judged_by_a_campaign(tmp_path, monkeypatch, margin_pct=100)
    plan = installation.plan(campaign)
    assert plan.worlds is not None
    first, *others = plan.worlds.believed
    heavier = replace(plan.worlds, believed=(World(first.settings, 5.0), *others))
    stricter = replace(plan.worlds, stress=tuple(replace(world, margin_pct=1.0) for world in plan.worlds.stress))
    questions = {with_worlds(plan, worlds).question_digest(judged.candidate) for worlds in (plan.worlds, heavier, stricter)}
    assert len(questions) == 3


def with_worlds(plan: CampaignPlan, worlds: Worlds) -> CampaignPlan:
    return replace(plan, config=replace(plan.config, worlds=RegionWorlds(worlds)))


DAYS = tuple(date(2026, 1, day) for day in range(1, 15))


def test_a_gate_plays_different_worlds_only_and_weighs_one_that_was_drawn_twice() -> None:
    believed = tuple(World({"herding": 0.01 * number}, 10.0 if number == 0 else 1.0) for number in range(12))
    played = Worlds(believed, (), 8).played(7, "gate", DAYS, 4)
    assert len({each.world.digest for each in played}) == len(played) < 8
    assert sum(each.world.weight for each in played) == 8
    assert next(each for each in played if each.name == "1").world.weight >= 3
    assert all(sum(day in each.days for each in played) == min(4, len(played)) for day in DAYS)
    assert len({seed for each in played for seed in each.seeds}) == len(played)


def test_one_world_of_nearly_all_the_weight_is_played_beside_the_next() -> None:
    believed = tuple(World({"herding": 0.01 * number}, 1e6 if number == 0 else 1.0 + number) for number in range(12))
    assert [each.name for each in Worlds(believed, (), 8).played(7, "gate", DAYS, 4)] == ["1", "12"]


def test_few_worlds_play_every_day_with_more_seeds() -> None:
    played = Worlds((World({"herding": 0.0}, 1.0), World({"herding": 0.1}, 1.0)), (), 8).played(7, "gate", DAYS, 4)
    assert [each.days for each in played] == [DAYS, DAYS]
    assert [len(each.seeds) for each in played] == [2, 2]
