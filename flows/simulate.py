"""One simulation of some days of the fleet: the smallest run there is, found by region and trial in the UI."""

from __future__ import annotations

from typing import Any

from prefect import flow

from orchestration.heartbeat import working_alone
from orchestration.remote_simulation import simulated_elsewhere
from tasks.simulation.simulate import Simulated, run_simulation, settled, stop_early, summed_up
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.results import RequestKey, SimulationPhase


@flow(flow_run_name="{region}/{subject}")
async def simulate(
    *,
    region: str,
    campaign: str,
    phase: SimulationPhase,
    subject: str,
    request: dict[str, Any],
    attempts: int = 1,
    prune_trial: int | None = None,
    on_its_own: bool = False,
) -> Simulated:
    """Simulate `request` (a message of the simulator contract) and keep every answer.

    A trial that may be pruned is simulated day by day, and ends early when its days so far say that it is hopeless.
    `on_its_own` says that the run has a process to itself. Raises SimulationFailed once `attempts` are spent, at once where
    asking again cannot help.
    """
    whole = SimulationRequest.from_message(request)
    run = run_simulation.with_options(retries=attempts - 1)
    parts = []
    async with working_alone(campaign, subject, on_its_own):
        for step, part in enumerate([whole] if prune_trial is None else whole.day_by_day()):
            parts.append(await run(campaign, RequestKey(phase, subject), part))
            if prune_trial is not None and await stop_early(campaign, prune_trial, step, parts[-1].answer):
                return summed_up(parts, pruned=step + 1 < len(whole.days))
    return summed_up(parts)


async def simulated(arguments: dict[str, Any], *, elsewhere: bool, **limits: int) -> Simulated | SimulationFailed:
    """How a simulation ended, run in this process or as a run of the `simulate` deployment (`limits` as that takes them)."""
    if elsewhere:
        return await simulated_elsewhere(arguments, **limits)
    return await settled(await simulate(**arguments, return_state=True))
