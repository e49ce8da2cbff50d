"""Running simulations, and keeping every answer before anybody builds on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun

from orchestration.progress_events import day_announcer
from orchestration.task_options import EFFECT
from tunegate import wiring
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.errors import FailureClass, Fault, SimulationFailed
from tunegate.domain.routes import RoutesAnswer
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.results import RequestKey

RETRY_DELAY_S = 0.5


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a `simulate` run comes to: mean fleet revenue per simulated day in minor units, and what it cost."""

    revenue_minor_per_day: float
    simulated_days: int
    simulation_s: float
    pruned: bool = False
    store_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that is in the results store, and how long putting it there took."""

    answer: SimulationAnswer
    store_s: float = 0.0


@asynccontextmanager
async def warm_simulators(campaign: str) -> AsyncIterator[None]:
    """Have the campaign's simulators inside `async with`, stopped at its end however it ends."""
    try:
        yield
    finally:
        await wiring.close_simulators(campaign)


async def may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a failed simulation is of the kind that asking again can repair."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, SimulationFailed) and error.failure_class is FailureClass.TRANSIENT


@task(retry_condition_fn=may_pass, retry_delay_seconds=RETRY_DELAY_S, **EFFECT)
async def run_simulation(campaign: str, key: RequestKey, request: SimulationRequest) -> Kept:
    """Simulate a request and keep the answer; a request whose answer is kept already is not simulated again.

    Raises SimulationFailed.
    """
    results = wiring.stores().results
    answer = await asyncio.to_thread(results.find_answer, campaign, request.content_digest)
    if answer is None:
        await wiring.city_at_hand(campaign)
        async with wiring.simulators(campaign).lease() as simulator:
            answer = await simulator.simulate(request, day_announcer(campaign))
        refuse_another_world(campaign, answer)
    began_s = time.monotonic()
    await asyncio.to_thread(results.save_answer, campaign, key, request, answer)
    return Kept(answer, time.monotonic() - began_s)


def refuse_another_world(campaign: str, answer: SimulationAnswer | RoutesAnswer) -> None:
    """A campaign compares numbers of one simulator on one city. Raises SimulationFailed when either changed since it began."""
    plan = wiring.plan(campaign)
    began_with = (f"{plan.description.name} {plan.description.version}", plan.city_facts.digest)
    if (answer.simulator_version, answer.city_digest) != began_with:
        rule = f"a campaign must end with the simulator and the city it began with, {' on '.join(began_with)}"
        found = f"{answer.simulator_version} on {answer.city_digest}"
        raise SimulationFailed(FailureClass.PERMANENT, Fault(rule, found, campaign, "Begin a new campaign."))


async def settled(run: State[Simulated]) -> Simulated | SimulationFailed:
    """How a `simulate` run ended. Raises what ended it when that was no failed simulation."""
    outcome = await run.aresult(raise_on_failure=False)
    return outcome if isinstance(outcome, SimulationFailed) else await run.aresult()


async def stop_early(campaign: str, trial: int, step: int, answer: SimulationAnswer) -> bool:
    """Report one tuning day of a trial; whether the days so far say that it is hopeless."""
    revenue_minor = sum(day.revenue_minor for day in answer.days) / len(answer.days)
    return await asyncio.to_thread(wiring.study(campaign).report_day, trial, step, revenue_minor)


def summed_up(parts: Sequence[Kept], pruned: bool = False) -> Simulated:
    """One `Simulated` of the answers to the parts of a request."""
    days = [day for part in parts for day in part.answer.days]
    return Simulated(
        revenue_minor_per_day=sum(day.revenue_minor for day in days) / len(days),
        simulated_days=len(days),
        simulation_s=sum(part.answer.compute_s for part in parts),
        pruned=pruned,
        store_s=sum(part.store_s for part in parts),
    )
