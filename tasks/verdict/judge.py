"""From stored answers to a choice and a verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prefect import task

from orchestration.installation_context import current_installation
from orchestration.task_options import EFFECT
from tunegate.application import verdicts
from tunegate.application.simulation import Simulated
from tunegate.application.verdicts import Judged
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialRecord
from tunegate.gate.confirmation import Confirmed, chosen
from tunegate.gate.ledger import Allowance, LevelSpent


@task(**EFFECT)
async def confirm_on_validation_days(
    campaign: str, finalists: Sequence[TrialRecord], outcomes: Sequence[Simulated | SimulationFailed]
) -> tuple[Confirmed, ...]:
    """Rank the finalists by their validation days. `outcomes` are of production's run and then of theirs.

    Raises SimulationFailed when production's run failed: nothing can be compared then.
    """
    return await asyncio.to_thread(verdicts.confirm, current_installation(), campaign, finalists, outcomes)


@task(**EFFECT)
async def choose_candidate(confirmed: Sequence[Confirmed]) -> Parameters | None:
    """The parameters that go to the gate, or None when nothing beats production on the validation days."""
    best = chosen(confirmed)
    return None if best is None else best.trial.parameters


@task(**EFFECT)
async def spend_test_period(campaign: str, candidate: Parameters) -> Allowance | LevelSpent:
    """Enter the coming verdict into the ledger, before anything is simulated on the test days.

    The same question asked again spends nothing.
    """
    installation = current_installation()
    return await asyncio.to_thread(verdicts.spend_test_period, installation, installation.plan(campaign), candidate)


@task(**EFFECT)
async def judge_candidate(campaign: str, candidate: Parameters, allowed: Allowance | LevelSpent) -> Judged:
    """Judge a candidate on the stored answers of the four patterns, and store the record."""
    installation = current_installation()
    return await asyncio.to_thread(verdicts.judge_and_record, installation, installation.plan(campaign), candidate, allowed)
