"""One simulation of some days of the fleet: the smallest run there is, found by region and trial in the UI."""

from __future__ import annotations

import asyncio

from prefect import flow

from orchestration.heartbeat import own_process
from orchestration.installation_context import current_installation
from orchestration.remote_simulation import MOST_LOST_RUNS, outcome_of, run_remote
from tasks.simulation.simulate import simulate_request
from tunegate.application.jobs import SimulationJob
from tunegate.application.simulation import Simulated, should_stop_early, sum_up
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.placement import Placement


@flow(flow_run_name="{job.region}/{job.subject}")
async def simulate(job: SimulationJob) -> Simulated:
    """Simulate requests of the simulator contract, one after the other, and store every answer.

    A trial that may be pruned is simulated day by day, and ends early when its days so far show that it is hopeless. Raises
    SimulationFailed once the job's attempts are spent, at once where repeating cannot help.
    """
    run, trial, parts = simulate_request.with_options(retries=job.attempts - 1), job.prune_trial, []
    async with own_process(job.campaign, job.subject, job.own_process):
        if trial is None:
            return sum_up([await run(job.campaign, job.key_of(request), request) for request in job.requests])
        study = await asyncio.to_thread(current_installation().study, job.campaign)
        for step, day in enumerate(days := [day for request in job.requests for day in request.day_by_day()]):
            parts.append(await run(job.campaign, job.key_of(day), day))
            if await asyncio.to_thread(should_stop_early, study, trial, step, parts[-1].answer):
                return sum_up(parts, pruned=step + 1 < len(days))
    return sum_up(parts)


async def simulated(job: SimulationJob, placement: Placement, lost_runs: int = MOST_LOST_RUNS) -> Simulated | SimulationFailed:
    """How a simulation ended, run in this process or as a run of the `simulate` deployment."""
    if placement.deploys_simulations:
        return await run_remote(job, lost_runs)
    return await outcome_of(await simulate(job, return_state=True))
