"""From day results to a choice and a verdict: reads the stores, asks the pure gate, keeps what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from prefect import task

from orchestration.task_options import EFFECT
from tasks.simulation.simulate import Simulated
from tasks.verdict.records import gather_evidence, keep_record, kept_answer
from tunegate import wiring
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.parameters import Parameters
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.trials import TrialRecord
from tunegate.gate.confirmation import Confirmed, chosen, confirm_finalists
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement
from tunegate.gate.ledger import Allowance, LevelSpent


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on a candidate, what the ledger allowed it to spend, and the digest of its record."""

    candidate: Parameters
    judgement: Judgement
    allowed: Allowance | LevelSpent
    record_digest: str


@task(**EFFECT)
async def confirm_on_validation_days(
    campaign: str, finalists: Sequence[TrialRecord], outcomes: Sequence[Simulated | SimulationFailed]
) -> tuple[Confirmed, ...]:
    """Rank the finalists by their validation days. `outcomes` are of production's run and then of theirs.

    Raises SimulationFailed when production's run failed: nothing can be compared then.
    """
    plan = wiring.plan(campaign)
    of_production, *theirs = outcomes
    if isinstance(of_production, SimulationFailed):
        raise of_production
    by_number = {trial.number: outcome for trial, outcome in zip(finalists, theirs, strict=True)}
    failures = {number: str(outcome.fault) for number, outcome in by_number.items() if isinstance(outcome, SimulationFailed)}
    requests = {trial.number: plan.confirmation_request("", trial.parameters) for trial in finalists}
    answers = {number: _answer(campaign, request) for number, request in requests.items() if number not in failures}
    production = _answer(campaign, plan.confirmation_request("", plan.production))
    return confirm_finalists(production, finalists, answers, failures)


@task(**EFFECT)
async def choose_candidate(confirmed: Sequence[Confirmed]) -> Parameters | None:
    """The parameters that go to the gate, or None when nothing beats production on the validation days."""
    best = chosen(confirmed)
    return None if best is None else best.trial.parameters


@task(**EFFECT)
async def judge_candidate(campaign: str, candidate: Parameters, allowed: Allowance | LevelSpent) -> Judged:
    """Judge a candidate on the stored answers of the four patterns, and keep the record."""
    return await asyncio.to_thread(_judge_and_keep, wiring.plan(campaign), candidate, allowed)


def _judge_and_keep(plan: CampaignPlan, candidate: Parameters, allowed: Allowance | LevelSpent) -> Judged:
    evidence = gather_evidence(plan, candidate, allowed)
    judgement = judge(evidence, plan.config.gate.policy())
    return Judged(candidate, judgement, allowed, keep_record(evidence, plan, judgement))


def _answer(campaign: str, request: SimulationRequest) -> SimulationAnswer:
    """The answer a complete run has kept."""
    answer = kept_answer(campaign, request)
    if answer is None:
        raise LookupError(f"no answer to {request.id} is in the results store, though its run is complete")
    return answer
