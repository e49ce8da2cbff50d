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
from tests.flows.conftest import Installation
from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.application.campaigns import begin_campaign, plan_campaign, read_config
from tunegate.domain.days import Arm
from tunegate.domain.parameters import Parameters
from tunegate.gate.judge import judge
from tunegate.gate.record import build_record

PROMOTING = SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=2.0, guardrails=2, guardrail_margin_errors=8.0)
REJECTING = SyntheticRegion(effect_ml_pct=-2.0)
INVALID = SyntheticRegion(effect_ml_pct=2.0)
CANDIDATE = Parameters({"gamma": 0.95, "max_wait_s": 310, "turn_left_weight": 2.5})
RELEASE = {"approvers": ["Ada", "ben"], "four_eyes": True}
BY_ADA = ("--approver", "ada", "--reason", "routes look right")
BY_BEN = ("--approver", "ben", "--reason", "taxis circle")


@dataclass
class Office:
    """An installation with a campaign of toyville, and the command line in this process."""

    installation: Installation
    capsys: pytest.CaptureFixture[str]
    config: Path

    @property
    def published(self) -> Path:
        return self.installation.home / "published" / "toyville.json"

    def campaign(self, began: datetime) -> str:
        installation = current_installation()
        config = read_config(installation.registry, self.config, ())

        async def begin() -> str:
            return (await begin_campaign(installation, await plan_campaign(installation, config), began)).campaign

        return asyncio.run(begin())

    def verdict(
        self, region: SyntheticRegion = PROMOTING, candidate: Parameters = CANDIDATE, kept: timedelta = timedelta()
    ) -> str:
        """A verdict on this candidate by a campaign of its own; `kept` ago."""
        at = datetime.now(UTC) - kept
        campaign = self.campaign(at - timedelta(hours=len(current_installation().campaigns.of_region("toyville"))))
        production = current_installation().plan(campaign).production
        arms = {Arm.PRODUCTION: production, Arm.CANDIDATE: candidate}
        evidence = synthetic_evidence(region, zones=12)
        applied = {arm: {name: float(value) for name, value in given.items()} for arm, given in arms.items()}
        answers = {key: replace(answer, applied_parameters=applied[key[0]]) for key, answer in evidence.answers.items()}
        assert evidence.self_check is not None
        asked = replace(
            evidence,
            region="toyville",
            campaign=campaign,
            production=production,
            candidate=candidate,
            live_production_digest=production.digest,
            answers=answers,
            self_check=replace(evidence.self_check, applied_parameters=applied[Arm.PRODUCTION]),
            judged_on=at.date(),
        )
        if region is INVALID:
            asked = replace(asked, answers={})
        policy = replace(synthetic_policy(region, worst_zone_margin_pct=5.0), maximum_test_age_days=100_000)
        record = build_record(asked, policy, judge(asked, policy), "0.1.0")
        return current_installation().verdicts.save("toyville", campaign, record.document, at)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main(arguments)
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err

    def parameters(self) -> dict[str, float]:
        return dict(json.loads(self.published.read_bytes())["parameters"])
