"""From day results to a choice and a verdict: reads the stores, asks the pure gate, keeps what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from prefect import task

from tasks.options import EFFECT
from tasks.requests import trial_record
from tasks.simulation import Simulated
from tunegate import wiring
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Arm, Forecast, SimulationAnswer
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.parameters import Parameters
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.trials import TrialRecord
from tunegate.gate.confirmation import Confirmed, chosen, confirm_finalists
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on the parameters of a trial, with the digest of its record."""

    trial: int
    judgement: Judgement
    record_digest: str | None


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
async def choose_candidate(confirmed: Sequence[Confirmed]) -> int | None:
    """The trial that goes to the gate, or None when nothing beats production on the validation days."""
    best = chosen(confirmed)
    return None if best is None else best.trial.number


@task(**EFFECT)
async def judge_candidate(campaign: str, trial: int) -> Judged:
    """Judge a trial's parameters on the stored answers of the four patterns."""
    plan = wiring.plan(campaign)
    candidate = trial_record(campaign, trial).parameters
    evidence = await asyncio.to_thread(gather_evidence, plan, candidate)
    return Judged(trial, judge(evidence, plan.config.gate.policy()), None)


def gather_evidence(plan: CampaignPlan, candidate: Parameters) -> GateEvidence:
    """Everything the verdict rests on, as far as it was simulated; what is missing, the gate calls Invalid."""
    parameters = {Arm.PRODUCTION: plan.production, Arm.CANDIDATE: candidate}
    asked = {(arm, forecast): plan.gate_request(arm, forecast, parameters[arm]) for forecast in Forecast for arm in Arm}
    answers = {pattern: _kept(plan.campaign, request) for pattern, request in asked.items()}
    return GateEvidence(
        region=plan.region,
        campaign=plan.campaign,
        test=plan.periods.test,
        days=plan.periods.test.days,
        seeds=plan.gate_seeds,
        production=plan.production,
        candidate=candidate,
        live_production_digest=plan.production.digest,
        answers={pattern: answer for pattern, answer in answers.items() if answer is not None},
        self_check=_kept(plan.campaign, plan.self_check_request()),
        judged_on=wiring.clock().now().date(),
        newest_data_day=plan.city_facts.last_day,
        alpha_spent=plan.config.gate.one_sided_level,
    )


def _answer(campaign: str, request: SimulationRequest) -> SimulationAnswer:
    """The answer a complete run has kept."""
    answer = _kept(campaign, request)
    if answer is None:
        raise LookupError(f"no answer to {request.id} is in the results store, though its run is complete")
    return answer


def _kept(campaign: str, request: SimulationRequest) -> SimulationAnswer | None:
    return wiring.stores().results.find_answer(campaign, request.content_digest)
