"""The study: asking for trials, telling results, and nothing lost when a worker dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_never

from prefect import task

from orchestration.heartbeat import live_subjects
from orchestration.task_options import EFFECT
from tasks.simulation.simulate import Simulated
from tunegate import wiring
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.placement import Placement
from tunegate.domain.trials import TrialRecord
from tunegate.search.answers import BudgetSpent, TrialToRun, WaitForOthers

# Other workers' trials take a fraction of a second to minutes; a thousand that wait for the last ones ask less and less.
WAIT_FOR_OTHERS_S = 0.2
WAIT_AT_MOST_S = 3.0


@task(**EFFECT)
async def open_study(campaign: str, placement: Placement = Placement.INLINE) -> int:
    """Create the study, or join it and take up what an interrupted launch left running; returns how many trials that were.

    Workers elsewhere may have outlived the launch that began them, and go on with their trials. Raises BadInput when the study
    was begun under another definition.
    """
    study = await asyncio.to_thread(wiring.study, campaign)
    alive = await live_subjects(campaign) if placement.deploys_workers else frozenset()
    return await asyncio.to_thread(study.recover_interrupted, alive=alive)


async def ask_trial(campaign: str, worker: str) -> TrialToRun | None:
    """The next trial for a worker, or None once the budget is spent; waits while running trials may still fill it.

    Raises FailureBudgetSpent, and SimulationFailed when production itself cannot be simulated. Not a Prefect task: asking is
    no step of the run that anybody would look for, and the study keeps who asked what and when.
    """
    study, pause_s = wiring.study(campaign), WAIT_FOR_OTHERS_S
    while True:
        match await asyncio.to_thread(study.ask, worker):
            case TrialToRun() as asked:
                return asked
            case BudgetSpent():
                return None
            case WaitForOthers():
                await asyncio.sleep(pause_s)
                pause_s = min(1.5 * pause_s, WAIT_AT_MOST_S)


@asynccontextmanager
async def gives_back(campaign: str, worker: str) -> AsyncIterator[None]:
    """Have a worker's running trial queued again when the worker ends by anything but the end of its work.

    Otherwise the others would wait for a trial that nobody runs any more.
    """
    try:
        yield
    except BaseException:
        await asyncio.to_thread(wiring.study(campaign).recover_interrupted, worker)
        raise


async def tell_trial(campaign: str, number: int, outcome: Simulated | SimulationFailed) -> None:
    """Close a trial by how its simulation ended; safe to repeat. Raises as `ask_trial` does once the campaign cannot go on."""
    study = wiring.study(campaign)
    match outcome:
        case SimulationFailed(failure_class=failure_class, fault=fault):
            await asyncio.to_thread(study.tell_failed, number, f"{fault.rule}, but got {fault.value}", failure_class)
        case Simulated(pruned=True):
            await asyncio.to_thread(study.tell_pruned, number, outcome.simulated_days, outcome.simulation_s, outcome.store_s)
        case Simulated():
            days, revenue_minor = outcome.simulated_days, outcome.revenue_minor_per_day
            spent = (outcome.simulation_s, outcome.store_s)
            await asyncio.to_thread(study.tell_complete, number, revenue_minor, days, *spent)
        case _:
            assert_never(outcome)


@task(**EFFECT)
async def best_trials(campaign: str) -> tuple[TrialRecord, ...]:
    """The finalists: the best complete trials, production left out, as many as the configuration confirms."""
    top = wiring.plan(campaign).config.search.confirm_top
    return await asyncio.to_thread(wiring.study(campaign).top_k, top)
