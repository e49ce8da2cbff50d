"""A worker of the search: ask, simulate, tell, until the budget is spent."""

from __future__ import annotations

from prefect import flow

from flows.simulate import simulate
from tasks.notify import announce_trials
from tasks.requests import trial_arguments
from tasks.simulation import settled
from tasks.study import ask_trial, gives_back, tell_trial


@flow(flow_run_name="{region}/worker-{number}")
async def worker(region: str, campaign: str, number: int) -> int:
    """Run trials until the campaign's budget is spent; returns how many this worker ran.

    A failed simulation costs one trial and never the worker; it raises only what ends the campaign.
    """
    name, trials = f"worker-{number}", 0
    async with gives_back(campaign, name):
        while (asked := await ask_trial(campaign, name)) is not None:
            await announce_trials(campaign)
            run = await simulate(**trial_arguments(campaign, asked), return_state=True)
            await tell_trial(campaign, asked.number, await settled(run))
            await announce_trials(campaign)
            trials += 1
    return trials
