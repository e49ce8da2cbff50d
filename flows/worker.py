"""A worker of the search: ask, simulate, tell, until the budget is spent."""

from __future__ import annotations

from prefect import flow

from flows.simulate import simulated
from orchestration.heartbeat import worker_name, working_alone
from orchestration.progress_events import announce_trials
from tasks.search.study import ask_trial, gives_back, tell_trial
from tasks.simulation.requests import trial_arguments
from tunegate.domain.placement import Placement


@flow(flow_run_name="{region}/worker-{number}")
async def worker(region: str, campaign: str, number: int, placement: Placement = Placement.INLINE) -> int:
    """Run trials until the campaign's budget is spent; returns how many this worker ran.

    A failed simulation costs one trial and never the worker; it raises only what ends the campaign.
    """
    name, trials = worker_name(number), 0
    async with working_alone(campaign, name, placement.deploys_workers), gives_back(campaign, name):
        while (asked := await ask_trial(campaign, name)) is not None:
            await announce_trials(campaign)
            arguments = trial_arguments(campaign, asked)
            # The study decides about trying again: a lost run is a lost trial, and the same parameters are queued anew.
            outcome = await simulated(arguments, elsewhere=placement.deploys_simulations, lost_runs=1)
            await tell_trial(campaign, asked.number, outcome)
            await announce_trials(campaign)
            trials += 1
    return trials
