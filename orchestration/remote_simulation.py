"""Simulations that run elsewhere: their outcome is read from the results store, whatever the states of their runs.

A pod that stored its answer and died has done its work; one that is COMPLETED and stored no answer has not. (Prefect's state
alone is not reliable: a crashed run may complete later, and a run out of memory may stay RUNNING.)
"""

from __future__ import annotations

import asyncio
from typing import Any

from prefect.client.schemas.objects import State
from prefect.exceptions import MissingResult

from orchestration.child_runs import ChildRun, describe_state, run_to_end
from orchestration.current_run import attempt_key
from orchestration.installation_context import current_installation
from orchestration.task_options import RETRY_DELAY_S
from tunegate.application.jobs import SimulationJob
from tunegate.application.simulation import Simulated, StoredAnswer, stored_answers, sum_up
from tunegate.domain.errors import FailureClass, Fault, SimulationFailed

# Lost machines do not count as failed attempts, but the number of retries is limited.
MOST_LOST_RUNS = 20


async def run_remote(job: SimulationJob, lost_runs: int = MOST_LOST_RUNS) -> Simulated | SimulationFailed:
    """Run a simulation as a run of the `simulate` deployment until it has an answer, or repeating it cannot help.

    The infrastructure may lose `lost_runs`, besides the attempts of the job itself. A stored answer needs no run.
    """
    failed = lost = 0
    while True:
        if (answered := await _answered(job)) is not None:
            return answered
        outcome = await _outcome(await run_to_end(_child(job, attempt=1 + failed + lost)), job)
        if isinstance(outcome, Simulated) or outcome.failure_class is FailureClass.PERMANENT:
            return outcome
        was_lost = outcome.failure_class is FailureClass.INFRASTRUCTURE
        failed, lost = failed + (not was_lost), lost + was_lost
        if failed >= job.attempts or lost >= lost_runs:
            return outcome
        await asyncio.sleep(RETRY_DELAY_S)


async def outcome_of(run: State[Simulated]) -> Simulated | SimulationFailed:
    """How a `simulate` run in this process ended. Raises what ended it when that was no failed simulation."""
    outcome = await run.aresult(raise_on_failure=False)
    return outcome if isinstance(outcome, SimulationFailed) else await run.aresult()


def _child(job: SimulationJob, attempt: int) -> ChildRun:
    # A parent that runs again starts counting from zero: what failed before may succeed after a repair.
    key = f"{job.campaign}/{job.subject}/{attempt_key()}/{attempt}"
    parameters = {"job": job.as_deployment_run().model_dump(mode="json")}
    return ChildRun("simulate", job.region, job.campaign, job.subject, parameters, key)


async def _outcome(state: State[Any], job: SimulationJob) -> Simulated | SimulationFailed:
    returned = await _returned(state)
    if returned is not None:
        return returned
    answered = await _answered(job)
    return answered if answered is not None else _lost(state, job)


async def _returned(state: State[Any]) -> Simulated | SimulationFailed | None:
    """What the run itself returned, where results are persisted and it lived to write one."""
    try:
        result = await state.aresult(raise_on_failure=False)
    except MissingResult:
        return None
    return result if isinstance(result, Simulated | SimulationFailed) else None


async def _answered(job: SimulationJob) -> Simulated | None:
    answers = await asyncio.to_thread(stored_answers, current_installation(), job.campaign, job.requests)
    return None if answers is None else sum_up([StoredAnswer(answer) for answer in answers])


def _lost(state: State[Any], job: SimulationJob) -> SimulationFailed:
    remedy = "It is simulated again; look at the run's logs and its pod if it happens often."
    rule = "a simulation run must end with an answer"
    fault = Fault(rule, describe_state(state), f"{job.campaign}/{job.subject}", remedy)
    # A flow that failed by an exception did reach its simulator; anything else was caused by what it ran on.
    return SimulationFailed(FailureClass.TRANSIENT if state.is_failed() else FailureClass.INFRASTRUCTURE, fault)
