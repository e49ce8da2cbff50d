"""Simulations of a campaign: run, checked, and stored before anything builds on their answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tunegate.application.cities import ensure_city
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import DayResult, SimulationAnswer
from tunegate.domain.errors import FailureClass, Fault, SimulationFailed
from tunegate.domain.routes import RoutesAnswer
from tunegate.domain.simulation import SimulationRequest
from tunegate.installation import Installation
from tunegate.ports.results import RequestKey
from tunegate.ports.study import Study
from tunegate.report.terminal.progress import DaysSimulated


@dataclass(frozen=True, slots=True)
class Simulated:
    """The result of a simulation: mean fleet revenue per simulated day in minor units, and its cost."""

    revenue_minor_per_day: float
    simulated_days: int
    simulation_s: float
    pruned: bool = False
    store_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that is in the results store, and how long storing it took."""

    answer: SimulationAnswer
    store_s: float = 0.0


async def simulate_and_store(
    installation: Installation, campaign: str, key: RequestKey, request: SimulationRequest
) -> StoredAnswer:
    """Simulate a request and store the answer; a request that has a stored answer is not simulated again.

    Raises SimulationFailed.
    """
    results = installation.results
    answer = await asyncio.to_thread(results.find_answer, campaign, request.content_digest)
    if answer is None:
        await ensure_city(installation, campaign)

        def announce_day(_day: DayResult) -> None:
            installation.progress.announce(campaign, DaysSimulated())

        async with installation.simulators(campaign).lease() as simulator:
            answer = await simulator.simulate(request, announce_day)
        check_same_world(installation.plan(campaign), answer)
    began_s = time.monotonic()
    await asyncio.to_thread(results.save_answer, campaign, key, request, answer)
    return StoredAnswer(answer, time.monotonic() - began_s)


def check_same_world(plan: CampaignPlan, answer: SimulationAnswer | RoutesAnswer) -> None:
    """A campaign compares numbers of one simulator on one city. Raises SimulationFailed when either changed since it began."""
    began_with = (f"{plan.description.name} {plan.description.version}", plan.city_facts.digest)
    if (answer.simulator_version, answer.city_digest) != began_with:
        rule = f"a campaign must end with the simulator and the city it began with, {' on '.join(began_with)}"
        found = f"{answer.simulator_version} on {answer.city_digest}"
        raise SimulationFailed(FailureClass.PERMANENT, Fault(rule, found, plan.campaign, "Begin a new campaign."))


@asynccontextmanager
async def closing_simulators(installation: Installation, campaign: str) -> AsyncIterator[None]:
    """Stop the campaign's simulators in this process at the end of `async with`, however it ends."""
    try:
        yield
    finally:
        await installation.close_simulators(campaign)


def stored_answer(installation: Installation, campaign: str, request: SimulationRequest) -> SimulationAnswer | None:
    """The answer to a request, if it is in the results store."""
    return installation.results.find_answer(campaign, request.content_digest)


def stored_answers(
    installation: Installation, campaign: str, requests: Sequence[SimulationRequest]
) -> tuple[SimulationAnswer, ...] | None:
    """The answers to requests, in their order; None unless all of them are in the results store."""
    found = [stored_answer(installation, campaign, request) for request in requests]
    complete = tuple(answer for answer in found if answer is not None)
    return complete if len(complete) == len(found) else None


def should_stop_early(study: Study, trial: int, step: int, answer: SimulationAnswer) -> bool:
    """Report one tuning day of a trial; whether the days so far show that it is hopeless."""
    return study.report_day(trial, step, sum(day.revenue_minor for day in answer.days) / len(answer.days))


def sum_up(parts: Sequence[StoredAnswer], pruned: bool = False) -> Simulated:
    """One `Simulated` of the answers to the parts of a request."""
    days = [day for part in parts for day in part.answer.days]
    return Simulated(
        revenue_minor_per_day=sum(day.revenue_minor for day in days) / len(days),
        simulated_days=len(days),
        simulation_s=sum(part.answer.compute_s for part in parts),
        pruned=pruned,
        store_s=sum(part.store_s for part in parts),
    )
