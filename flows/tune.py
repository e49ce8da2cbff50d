"""The search: one study, many workers, an exact budget."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.worker import worker
from orchestration.progress_events import announce_phase
from orchestration.search_workers import keep_workers, worker_jobs
from tasks.search.study import open_study
from tunegate.domain.placement import Placement
from tunegate.report.terminal.progress import CampaignPhase


@flow(flow_run_name="{region}/tune")
async def tune(region: str, campaign: str, workers: int, placement: Placement = Placement.INLINE) -> None:
    """Create or resume the study and run its workers to the end of the budget.

    Raises FailureBudgetSpent, or SimulationFailed when production cannot be simulated; every worker has ended by then.
    Workers elsewhere are replaced when they are lost.
    """
    announce_phase(campaign, CampaignPhase.SEARCH)
    await open_study(campaign, placement)
    jobs = worker_jobs(region, campaign, workers, placement)
    if placement.deploys_workers:
        await keep_workers(campaign, jobs)
        return
    for outcome in await asyncio.gather(*map(worker, jobs), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
