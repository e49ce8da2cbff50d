"""An installation with real verdicts on synthetic days, and the command line in this process."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.main import main
from orchestration.installation_context import current_installation
from tests.flows.conftest import Installation as Home
from tests.synthetic.evidence import synthetic_evidence
from tests.synthetic.gates import SyntheticRegion
from tunegate.application.campaigns import begin_campaign, plan_campaign, read_config
from tunegate.application.verdicts import gather_evidence
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Arm, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.gate.judge import judge
from tunegate.gate.ledger import Allowance
from tunegate.gate.record import build_record
from tunegate.installation import Installation
from tunegate.ports.results import RequestKey, SimulationPhase

PROMOTING = SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=2.0, guardrails=2, guardrail_margin_errors=8.0)
REJECTING = replace(PROMOTING, effect_ml_pct=-2.0, effect_statistics_pct=0.0)
INVALID = replace(PROMOTING, effect_statistics_pct=0.0)
CANDIDATE = Parameters({"gamma": 0.95, "max_wait_s": 310, "turn_left_weight": 2.5})
METRICS = {"guarded_0": "utilisation_pct", "guarded_1": "driver_revenue_p10_minor"}
# The thresholds and the budget of the synthetic regions above.
GATE = {
    "periods__test": {"first": "2026-02-05", "last": "2026-02-18"},
    "gate__seeds_per_day": 4,
    "gate__worst_zone_margin_pct": 5.0,
    "gate__guardrails": {
        name: {"good": "higher", "kind": "relative_pct", "margin": PROMOTING.guardrail_margin_pct} for name in METRICS.values()
    },
}
RELEASE = {"approvers": ["Ada", "ben"], "four_eyes": True}
BY_ADA = ("--approver", "ada", "--reason", "routes look right")
BY_BEN = ("--approver", "ben", "--reason", "taxis circle")


def store_days(installation: Installation, plan: CampaignPlan, candidate: Parameters, region: SyntheticRegion) -> None:
    """Keep synthetic days as the answers to the requests of this plan's gate."""
    evidence = synthetic_evidence(region, zones=12)
    days = dict(zip(evidence.days, plan.periods.test.days, strict=True))
    seeds = dict(zip(evidence.seeds, plan.gate_seeds, strict=True))

    def moved(answer: SimulationAnswer, parameters: Parameters) -> SimulationAnswer:
        rows = (
            replace(
                row,
                day=days[row.day],
                seed=seeds[row.seed],
                metrics={METRICS.get(name, name): value for name, value in row.metrics.items()},
            )
            for row in answer.days
        )
        return replace(answer, days=tuple(rows), applied_parameters={name: float(each) for name, each in parameters.items()})

    for (arm, forecast), answer in evidence.answers.items():
        parameters = plan.production if arm is Arm.PRODUCTION else candidate
        (request,) = plan.gate_requests(arm, forecast, parameters).values()
        key = RequestKey(SimulationPhase.GATE, f"{arm}")
        installation.results.save_answer(plan.campaign, key, request, moved(answer, parameters))
    assert evidence.self_check is not None
    again = moved(evidence.self_check, plan.production)
    key = RequestKey(SimulationPhase.GATE, "self-check")
    installation.results.save_answer(plan.campaign, key, plan.self_check_request(), again)


@dataclass
class Office:
    """An installation with a campaign of toyville, and the command line in this process."""

    installation: Home
    capsys: pytest.CaptureFixture[str]
    config: Path

    @property
    def published(self) -> Path:
        return self.installation.home / "published" / "toyville.json"

    def campaign(self, began: datetime, overrides: tuple[str, ...] = ()) -> str:
        installation = current_installation()
        config = read_config(installation.registry, self.config, overrides)

        async def begin() -> str:
            return (await begin_campaign(installation, await plan_campaign(installation, config), began)).campaign

        return asyncio.run(begin())

    def verdict(
        self,
        region: SyntheticRegion = PROMOTING,
        candidate: Parameters = CANDIDATE,
        kept: timedelta = timedelta(),
        overrides: tuple[str, ...] = (),
    ) -> str:
        """A verdict on this candidate by a campaign of its own; `kept` ago."""
        at = datetime.now(UTC) - kept
        began = at - timedelta(hours=len(current_installation().campaigns.of_region("toyville")))
        campaign = self.campaign(began, overrides)
        installation = current_installation()
        plan = installation.plan(campaign)
        if region is not INVALID:
            store_days(installation, plan, candidate, region)
        allowed = Allowance(alpha=0.05, use=1, level_left=0.0, repeated=False)
        evidence = replace(gather_evidence(installation, plan, candidate, allowed), judged_on=at.date())
        policy = plan.gate_policy
        record = build_record(evidence, policy, judge(evidence, policy), "0.1.0")
        return installation.verdicts.save(plan.region, campaign, record.document, at)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main(arguments)
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err

    def parameters(self) -> dict[str, float]:
        return dict(json.loads(self.published.read_bytes())["parameters"])
