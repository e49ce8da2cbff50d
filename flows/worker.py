"""A worker of the search: ask, simulate, report, until the budget is spent."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.simulate import simulated
from orchestration.heartbeat import own_process
from orchestration.installation_context import current_installation
from tunegate.application.jobs import WorkerJob
from tunegate.application.search import SearchWorker


@flow(flow_run_name="{job.region}/{job.name}")
async def worker(job: WorkerJob) -> int:
    """Run trials until the campaign's budget is spent; returns how many this worker ran.

    A failed simulation costs one trial and never the worker; only what ends the campaign is raised.
    """
    search, trials = await asyncio.to_thread(SearchWorker, current_installation(), job.campaign, job.name), 0
    async with own_process(job.campaign, job.name, job.placement.deploys_workers), search.requeue_on_error():
        while (asked := await search.ask()) is not None:
            # The study decides about trying again: a lost run is a lost trial, and the same parameters are queued anew.
            outcome = await simulated(search.job(asked), job.placement, lost_runs=1)
            await search.report(asked, outcome)
            trials += 1
    return trials
