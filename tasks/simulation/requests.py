"""The arguments of `simulate` runs: plain values only, so that the same call starts a run in a pod."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunegate import wiring
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.trials import TrialRecord
from tunegate.ports.results import SimulationPhase
from tunegate.search.answers import TrialToRun

PRODUCTION = "production"


def trial_arguments(campaign: str, asked: TrialToRun) -> dict[str, Any]:
    """One trial of the search. It is attempted once: the study decides about trying the same parameters again."""
    plan = wiring.plan(campaign)
    arguments = _arguments(plan, SimulationPhase.SEARCH, plan.trial_request(asked.number, asked.parameters), attempts=1)
    return arguments if plan.config.search.pruner == "none" else {**arguments, "prune_trial": asked.number}


def confirmation_arguments(campaign: str, finalists: Sequence[TrialRecord]) -> list[dict[str, Any]]:
    """Production first, then every finalist, on the validation days."""
    plan = wiring.plan(campaign)
    requests = [plan.confirmation_request(PRODUCTION, plan.production)]
    requests += [plan.confirmation_request(trial_subject(trial.number), trial.parameters) for trial in finalists]
    attempts = plan.config.search.attempts_per_trial
    return [_arguments(plan, SimulationPhase.CONFIRMATION, request, attempts) for request in requests]


def gate_arguments(campaign: str, candidate: Parameters) -> list[dict[str, Any]]:
    """The four patterns on the test days, and production's self-check."""
    plan = wiring.plan(campaign)
    hexadecimal = candidate.digest.removeprefix("sha256:")
    arms = {PRODUCTION: plan.production, f"candidate-{hexadecimal[:8]}": candidate}
    requests = [plan.gate_request(arm, forecast, parameters) for forecast in Forecast for arm, parameters in arms.items()]
    attempts = plan.config.search.attempts_per_trial
    return [_arguments(plan, SimulationPhase.GATE, request, attempts) for request in [*requests, plan.self_check_request()]]


def trial_subject(number: int) -> str:
    """How a trial is called wherever people look for it."""
    return f"trial-{number:04d}"


def _arguments(plan: CampaignPlan, phase: SimulationPhase, request: SimulationRequest, attempts: int) -> dict[str, Any]:
    return {
        "region": plan.region,
        "campaign": plan.campaign,
        "phase": phase,
        "subject": request.id.removeprefix(f"{plan.campaign}/"),
        "request": request.as_message(),
        "attempts": attempts,
    }
