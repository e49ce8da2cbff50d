"""Simulations that run elsewhere: what they come to is read from the results store, whatever their runs' states say.

A pod that stored its answer and died has done its work; one that says COMPLETED and left no answer has not (Prefect's own state
alone is not trusted: a crashed run may complete later, and a run out of memory may stay RUNNING).
"""

from __future__ import annotations

import asyncio
from typing import Any

from prefect.client.schemas.objects import State
from prefect.exceptions import MissingResult
from prefect.runtime import flow_run

from orchestration.child_runs import Child, ended
from tasks.simulation.simulate import RETRY_DELAY_S, Kept, Simulated, summed_up
from tasks.verdict.records import kept_answer
from tunegate.domain.errors import FailureClass, Fault, SimulationFailed
from tunegate.domain.simulation import SimulationRequest

# Machines that are taken away are nobody's fault, and still no reason to try for ever.
MOST_LOST_RUNS = 20


async def simulated_elsewhere(arguments: dict[str, Any], lost_runs: int = MOST_LOST_RUNS) -> Simulated | SimulationFailed:
    """Run `simulate` with these arguments as a deployment run until it has an answer, or asking again cannot help.

    `lost_runs` may be lost by the infrastructure, beside the attempts that failing simulators have in the arguments. An answer
    that is kept already starts no run.
    """
    failed = lost = 0
    while True:
        if (answered := await _answered(arguments)) is not None:
            return answered
        outcome = await _outcome(await ended(_child(arguments, attempt=1 + failed + lost)), arguments)
        if isinstance(outcome, Simulated) or outcome.failure_class is FailureClass.PERMANENT:
            return outcome
        was_lost = outcome.failure_class is FailureClass.INFRASTRUCTURE
        failed, lost = failed + (not was_lost), lost + was_lost
        if failed >= arguments["attempts"] or lost >= lost_runs:
            return outcome
        await asyncio.sleep(RETRY_DELAY_S)


def _child(arguments: dict[str, Any], attempt: int) -> Child:
    subject, campaign = arguments["subject"], arguments["campaign"]
    # A parent that is run again counts anew: what failed before it was mended may be tried once more.
    key = f"{campaign}/{subject}/{flow_run.get_id()}-{flow_run.get_run_count()}/{attempt}"
    return Child("simulate", arguments["region"], campaign, subject, {**arguments, "attempts": 1, "on_its_own": True}, key)


async def _outcome(state: State[Any], arguments: dict[str, Any]) -> Simulated | SimulationFailed:
    told = await _told(state)
    if told is not None:
        return told
    answered = await _answered(arguments)
    return answered if answered is not None else _lost(state, arguments)


async def _told(state: State[Any]) -> Simulated | SimulationFailed | None:
    """What the run itself handed back, where results are persisted and it lived to write one."""
    try:
        result = await state.aresult(raise_on_failure=False)
    except MissingResult:
        return None
    return result if isinstance(result, Simulated | SimulationFailed) else None


async def _answered(arguments: dict[str, Any]) -> Simulated | None:
    request = SimulationRequest.from_message(arguments["request"])
    answer = await asyncio.to_thread(kept_answer, arguments["campaign"], request)
    return None if answer is None else summed_up([Kept(answer)])


def _lost(state: State[Any], arguments: dict[str, Any]) -> SimulationFailed:
    said = f"{state.name}: {state.message}" if state.message else f"{state.name}"
    remedy = "It is simulated again; look at the run's logs and its pod if it happens often."
    fault = Fault("a simulation run must end with an answer", said, f"{arguments['campaign']}/{arguments['subject']}", remedy)
    # A flow that failed by an exception met its simulator; everything else is the doing of what it ran on.
    return SimulationFailed(FailureClass.TRANSIENT if state.is_failed() else FailureClass.INFRASTRUCTURE, fault)
