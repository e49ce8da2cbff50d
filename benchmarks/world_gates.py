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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import yaml
from hailsim_cases import SAN_FRANCISCO
from world_cases import FILES, STRESS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.synthetic.gates import SyntheticRegion
from tests.synthetic.worlds import worlds_evidence, worlds_policy
from tunegate.application.campaigns import begin_campaign, campaign_name, plan_campaign
from tunegate.application.jobs import gate_jobs
from tunegate.application.simulation import closing_simulators, simulate_and_store
from tunegate.application.verdicts import gather_evidence, spend_test_period
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.domain.parameters import Parameters
from tunegate.domain.simulation import SimulationRequest
from tunegate.gate.evidence import Pattern
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement
from tunegate.gate.ledger import Allowance
from tunegate.installation import Installation

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
        async with closing_simulators(installation, plan.campaign):
            for job in gate_jobs(plan, candidate):
                for request in job.requests:
                    await simulate_and_store(installation, plan.campaign, job.key_of(request), request)
        evidence, policy = gather_evidence(installation, plan, candidate, allowed), plan.gate_policy
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
        document: dict[str, object] = {
            "extends": str(REGIONS / f"{city}.yaml"),
            "region": f"{city}_{kind}_{number}",
            "seed": 1000 + number,
            "search": {"workers": 1},
        }
        if kind == "one_world":
            document["worlds"] = None
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


def _interval(judgement: Judgement) -> tuple[float, float] | None:
    said = judgement.realised or judgement.delta_ml
    return None if said is None else (said.low_pct, said.high_pct)


def simulated_days(plan: CampaignPlan) -> int:
    """Simulated days of a whole campaign: search, confirmation and gate."""
    production = plan.production
    arm = (*plan.confirmation_requests("arm", production), *plan.confirmation_stress_requests("arm", production).values())
    gate = [request for job in gate_jobs(plan, production) for request in job.requests]
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
