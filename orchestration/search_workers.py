"""Workers elsewhere: started, waited for, replaced when they are lost, until the budget is spent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from orchestration.child_runs import Child, ended
from orchestration.heartbeat import worker_name
from orchestration.reconciler import Reconciler
from tunegate import wiring
from tunegate.domain.placement import Placement

# A place of work whose workers die before they finish anything is broken: a missing image, a refused database.
MOST_FRUITLESS_STARTS = 5
RECONCILE_EVERY_S = 15.0


class WorkersLost(Exception):
    """No worker is left and the budget is not spent; the message says how the last ones ended."""


async def keep_workers(region: str, campaign: str, workers: int, placement: Placement) -> None:
    """Have `workers` runs of the `worker` deployment at work until the study's budget is spent.

    Joins those that outlived an earlier launch, and starts none for a study that is spent. Raises what ends the campaign, and
    WorkersLost.
    """
    async with _reconciling(campaign):
        places = (_keep_one(region, campaign, number, placement) for number in range(1, workers + 1))
        outcomes = await asyncio.gather(*places, return_exceptions=True)
    if await _is_spent(campaign):
        return
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    raise WorkersLost(f"{campaign}: every worker was cancelled before the budget was spent; run it again to go on")


async def _keep_one(region: str, campaign: str, number: int, placement: Placement) -> None:
    """One worker's place: filled again whenever its worker is lost. A worker that somebody cancelled is not replaced."""
    name, fruitless = worker_name(number), 0
    parameters = {"region": region, "campaign": campaign, "number": number, "placement": placement.value}
    for start in count(1):
        if await _is_spent(campaign):
            return
        before = await _finished_by(campaign, name)
        key = f"{campaign}/{name}/{flow_run.get_id()}-{flow_run.get_run_count()}/{start}"
        state = await ended(Child("worker", region, campaign, name, parameters, key))
        if state.is_completed():
            return
        await _give_up_trials(campaign, name, state)
        if state.is_cancelled():
            return
        fruitless = 0 if await _finished_by(campaign, name) > before else fruitless + 1
        if fruitless >= MOST_FRUITLESS_STARTS:
            raise WorkersLost(f"{name} ended {fruitless} times in a row without finishing a trial; at last {_said(state)}")


async def _give_up_trials(campaign: str, name: str, state: State[Any]) -> None:
    """Have the trials of a lost worker simulated again. Raises what ends the campaign, as the worker itself may have done."""
    await asyncio.to_thread(wiring.study(campaign).tell_lost, name, f"its worker ended: {_said(state)}")


def _said(state: State[Any]) -> str:
    return f"{state.name}: {state.message}" if state.message else str(state.name)


async def _is_spent(campaign: str) -> bool:
    return await asyncio.to_thread(wiring.study(campaign).is_spent)


async def _finished_by(campaign: str, name: str) -> int:
    trials = await asyncio.to_thread(wiring.study(campaign).trials)
    return sum(trial.worker == name and trial.simulated_days > 0 for trial in trials)


@asynccontextmanager
async def _reconciling(campaign: str) -> AsyncIterator[None]:
    """Repair disagreements of study, runs and results at the start and every now and then inside `async with`."""
    reconciler = Reconciler(campaign)
    await reconciler.repair()
    repeating = asyncio.create_task(_repeat(reconciler))
    try:
        yield
    finally:
        repeating.cancel()
        with suppress(asyncio.CancelledError):
            await repeating


async def _repeat(reconciler: Reconciler) -> None:
    while True:
        await asyncio.sleep(RECONCILE_EVERY_S)
        await reconciler.repair()
