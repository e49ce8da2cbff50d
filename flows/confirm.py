"""The confirmation: the best of the search once more, on days and seeds the search never saw."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.simulate import simulated
from orchestration.installation_context import current_installation
from orchestration.progress_events import announce_phase
from tasks.search.study import best_trials
from tasks.verdict.judge import confirm_on_validation_days
from tunegate.application.jobs import confirmation_jobs
from tunegate.domain.placement import Placement
from tunegate.gate.confirmation import Confirmed
from tunegate.report.terminal.progress import CampaignPhase


@flow(flow_run_name="{region}/confirm")
async def confirm(region: str, campaign: str, placement: Placement = Placement.INLINE) -> tuple[Confirmed, ...]:
    """Simulate production and the finalists on the validation days; the best comes first.

    Raises SimulationFailed when production fails; a finalist that fails is out, with its reason.
    """
    announce_phase(campaign, CampaignPhase.CONFIRMATION)
    finalists = await best_trials(campaign)
    jobs = confirmation_jobs(current_installation().plan(campaign), finalists)
    outcomes = await asyncio.gather(*(simulated(job, placement) for job in jobs))
    return await confirm_on_validation_days(campaign, finalists, outcomes)
