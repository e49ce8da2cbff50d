"""The gates of `worlds.py`: a candidate is judged by the product's own steps on the test days of a shipped region file.

Day results are kept in a workspace, so that a gate is simulated once and judged as often as the rule changes.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import yaml
from hailsim_cases import SAN_FRANCISCO
from world_cases import FILES, STRESS, STRESS_MARGIN_PCT

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.synthetic.gates import SyntheticRegion
from tests.synthetic.worlds import worlds_evidence, worlds_policy
from tunegate.application.campaigns import begin_campaign, campaign_name, plan_campaign
from tunegate.application.simulation import closing_simulators, simulate_and_store, stored_answer
from tunegate.application.verdicts import gather_evidence, spend_test_period
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Arm, Forecast, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.seeds import phase_seeds
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.worlds import StressWorld, World, days_of_worlds
from tunegate.gate.evidence import PATTERNS, STRESS_PATTERNS, GateEvidence, Pattern, StressRuns, WorldRuns
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement
from tunegate.gate.ledger import Allowance
from tunegate.installation import Installation
from tunegate.ports.results import RequestKey, SimulationPhase

Asked = dict[Pattern, SimulationRequest]
Seeds = tuple[int, ...]
REGIONS = FILES.parent / "regions"
DUE = datetime(2026, 1, 1, tzinfo=UTC)
FEWEST_STRESS_CELLS = 14
"""Simulated days of a stress world in each arm: a week needs two seeds to tell a margin of half a point."""
NOMINAL_LEVEL = 0.05
"""One-sided: intervals of 90 %, whatever share of its level a region's ledger leaves to one verdict."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """A verdict, with what its interval says of the effect in the true world, at the ledger's level and at a nominal 90 %.

    With one world that is the interval of the mean, which knows no other world. Stress effects are estimates in percent.
    """

    verdict: str
    reason: str
    interval_pct: tuple[float, float] | None
    interval_90_pct: tuple[float, float] | None
    stress_pct: Mapping[str, float | None]


class Gates:
    """Gates in one workspace folder."""

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()
        self._home.mkdir(parents=True, exist_ok=True)
        os.environ["TUNEGATE_HOME"] = str(self._home)
        self._installation = Installation.from_environment()

    def judge(self, city: str, number: int, parameters: Mapping[str, float], *, over_worlds: bool) -> GateResult:
        """Simulate what is not stored yet, and judge."""
        return asyncio.run(self._judge(city, number, Parameters(parameters), over_worlds=over_worlds))

    def plan(self, city: str, number: int, *, over_worlds: bool) -> CampaignPlan:
        """The plan of a benchmark campaign: the shipped region with another name and seed, with or without worlds."""
        return asyncio.run(self._plan(city, number, over_worlds=over_worlds))

    async def _judge(self, city: str, number: int, candidate: Parameters, *, over_worlds: bool) -> GateResult:
        plan, installation = await self._plan(city, number, over_worlds=over_worlds), self._installation
        allowed = spend_test_period(installation, plan, candidate)
        assert isinstance(allowed, Allowance), f"each benchmark campaign has a test period of its own, but got {allowed}"
        asked = gate_of(plan, candidate)
        async with closing_simulators(installation, plan.campaign):
            for request in asked.requests:
                key = RequestKey(SimulationPhase.GATE, request.id.removeprefix(f"{plan.campaign}/"))
                await simulate_and_store(installation, plan.campaign, key, request)
        evidence = asked.evidence(installation, gather_evidence(installation, plan, candidate, allowed))
        policy = replace(plan.config.gate.policy(), stress_worlds=() if plan.worlds is None else plan.worlds.stress)
        judgement, nominal = judge(evidence, policy), judge(replace(evidence, alpha_spent=NOMINAL_LEVEL), policy)
        return GateResult(
            type(judgement.verdict).__name__.lower(),
            judgement.verdict.reason,
            _interval(judgement),
            _interval(nominal),
            {outcome.name: outcome.estimate_pct for outcome in judgement.stress_worlds},
        )

    async def _plan(self, city: str, number: int, *, over_worlds: bool) -> CampaignPlan:
        kind = "worlds" if over_worlds else "one_world"
        campaign = campaign_name(f"{city}_{kind}_{number}", DUE)
        if self._installation.campaigns.find(campaign) is not None:
            return self._installation.plan(campaign)
        config = load_region(self._region_file(city, kind, number))
        return await begin_campaign(self._installation, await plan_campaign(self._installation, config), DUE)

    def _region_file(self, city: str, kind: str, number: int) -> Path:
        stress = {name: {"settings": dict(settings), "margin_pct": STRESS_MARGIN_PCT} for name, settings in STRESS.items()}
        document = {
            "extends": str(REGIONS / f"{city}.yaml"),
            "region": f"{city}_{kind}_{number}",
            "seed": 1000 + number,
            "worlds": {"file": str(FILES / f"{city}.json"), "stress": stress} if kind == "worlds" else None,
            "search": {"workers": 1},
        }
        if city == "san_francisco":
            document["simulator"] = {"city_source": None, "city": str(self._imported(city))}
        file = self._home / f"{document['region']}.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return file

    def _imported(self, city: str) -> Path:
        """The recorded city, imported once for all campaigns."""
        folder = self._home / "cities" / city
        if not folder.is_dir():
            folder.parent.mkdir(exist_ok=True)
            command = [sys.executable, "-m", "hailsim", "import", str(SAN_FRANCISCO), "--out", str(folder)]
            subprocess.run(command, check=True, capture_output=True)
        return folder


@dataclass(frozen=True, slots=True)
class AskedGate:
    """What a gate plays: each believed world on its share of the days, each stress world on all, and the self-check."""

    plan: CampaignPlan
    worlds: Mapping[str, tuple[World, Mapping[Pattern, SimulationRequest]]]
    stress: Mapping[str, tuple[StressWorld, Mapping[Pattern, SimulationRequest]]]
    self_check: SimulationRequest

    @property
    def requests(self) -> Iterator[SimulationRequest]:
        """Every simulation of the gate."""
        for _, by_pattern in (*self.worlds.values(), *self.stress.values()):
            yield from by_pattern.values()
        yield self.self_check

    def evidence(self, installation: Installation, of_one_world: GateEvidence) -> GateEvidence:
        """The stored answers as the gate judges them."""

        def answers(by_pattern: Mapping[Pattern, SimulationRequest]) -> dict[Pattern, SimulationAnswer]:
            found = {key: stored_answer(installation, self.plan.campaign, each) for key, each in by_pattern.items()}
            return {key: answer for key, answer in found.items() if answer is not None}

        self_check = stored_answer(installation, self.plan.campaign, self.self_check)
        if self.plan.worlds is None:
            ((_, by_pattern),) = self.worlds.values()
            return replace(of_one_world, answers=answers(by_pattern), self_check=self_check)
        worlds = tuple(
            WorldRuns(name, world, asked[PATTERNS[0]].days, asked[PATTERNS[0]].seeds, answers(asked))
            for name, (world, asked) in self.worlds.items()
        )
        stress = tuple(
            StressRuns(name, world.settings, asked[STRESS_PATTERNS[0]].seeds, answers(asked))
            for name, (world, asked) in self.stress.items()
        )
        seeds = tuple(seed for runs in worlds for seed in runs.seeds)
        return replace(of_one_world, answers={}, worlds=worlds, stress_worlds=stress, seeds=seeds, self_check=self_check)


def gate_of(plan: CampaignPlan, candidate: Parameters) -> AskedGate:
    """The gate of a plan: its four patterns in believed worlds, both arms with the ml forecast in stress worlds.

    Each day is played in as many worlds as a gate of one world has seeds. A world drawn twice is played once, with twice the
    weight: the gate refuses two worlds with the same settings.
    """
    arms = {Arm.PRODUCTION: plan.production, Arm.CANDIDATE: candidate}
    whole = {(arm, forecast): plan.gate_request(arm, forecast, arms[arm]) for arm, forecast in PATTERNS}
    one = whole[PATTERNS[0]]
    if plan.worlds is None:
        return AskedGate(plan, {"": (World({}, 1.0), whole)}, {}, plan.self_check_request())
    drawn = plan.worlds.drawn(plan.config.seed, "gate", len(one.days) * len(one.seeds))
    believed = [World(settings, drawn.count(settings)) for place, settings in enumerate(drawn) if settings not in drawn[:place]]
    shares = days_of_worlds(one.days, min(len(one.seeds), len(believed)), len(believed))
    each = -(-FEWEST_STRESS_CELLS // len(one.days))
    seeds = phase_seeds(plan.config.seed, "gate", len(believed) + each * len(plan.worlds.stress))
    stress_seeds = [seeds[place : place + each] for place in range(len(believed), len(seeds), each)]

    def asked(
        world: World | StressWorld, name: str, days: tuple[date, ...], seeds: Seeds, patterns: Sequence[Pattern]
    ) -> Asked:
        settings = {**one.settings, **world.settings}
        return {
            key: replace(whole[key], id=f"{whole[key].id}-{name}", days=days, seeds=seeds, settings=settings)
            for key in patterns
        }

    worlds = {
        f"world {number}": (world, asked(world, f"world-{number}", days, (seed,), PATTERNS))
        for number, (world, days, seed) in enumerate(zip(believed, shares, seeds[: len(believed)], strict=True), 1)
    }
    stress = {
        world.name: (world, asked(world, f"stress-{number}-of-{each}", one.days, own, STRESS_PATTERNS))
        for number, (world, own) in enumerate(zip(plan.worlds.stress, stress_seeds, strict=True), 1)
    }
    first = worlds["world 1"][1][Arm.PRODUCTION, Forecast.ML]
    return AskedGate(plan, worlds, stress, replace(first, id=f"{plan.campaign}/gate-self-check", days=first.days[:1]))


def _interval(judgement: Judgement) -> tuple[float, float] | None:
    said = judgement.realised or judgement.delta_ml
    return None if said is None else (said.low_pct, said.high_pct)


def simulated_days(plan: CampaignPlan) -> int:
    """Simulated days of a whole campaign: search, confirmation and gate."""
    production = plan.production
    arm = (*plan.confirmation_requests("arm", production), *plan.confirmation_stress_requests("arm", production).values())
    gate = list(gate_of(plan, production).requests)
    search = plan.config.search
    trials = search.trials * _days(plan.trial_requests(1, production))
    return trials + (1 + search.confirm_top) * _days(arm) + _days(gate)


def _days(requests: Iterable[SimulationRequest]) -> int:
    return sum(len(request.days) * len(request.seeds) for request in requests)


def statistics_seconds() -> float:
    """Median time of the statistics of one verdict: 14 days, 8 worlds of 4 arms, 2 stress worlds, 100 zones."""
    region, stress = SyntheticRegion(), dict.fromkeys(STRESS, 1.0)
    evidence = worlds_evidence(region, [1.0 + 0.1 * number for number in range(8)], stress_pct=stress, zones=100)
    policy = worlds_policy(region, tuple(STRESS), worst_zone_margin_pct=8.0)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        judge(evidence, policy)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
