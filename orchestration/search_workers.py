"""Workers as deployment runs: started, awaited, and replaced when they are lost, until the budget is spent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count

from orchestration.child_runs import ChildRun, describe_state, run_to_end
from orchestration.current_run import attempt_key
from orchestration.installation_context import current_installation
from orchestration.reconciler import Reconciler
from orchestration.repeating import repeating
from tunegate.application.jobs import WorkerJob
from tunegate.domain.placement import Placement
from tunegate.ports.study import Study

# Workers that always die before they finish anything point to a missing image or a refused database.
MOST_FRUITLESS_STARTS = 5


class WorkersLost(Exception):
    """No worker is left and the budget is not spent; the message says how the last ones ended."""


def worker_jobs(region: str, campaign: str, workers: int, placement: Placement) -> list[WorkerJob]:
    """The workers of a search."""
    numbers = range(1, workers + 1)
    return [WorkerJob(region=region, campaign=campaign, number=number, placement=placement) for number in numbers]


async def keep_workers(campaign: str, jobs: Sequence[WorkerJob]) -> None:
    """Keep a run of the `worker` deployment at work for each job until the study's budget is spent.

    Joins those that outlived an earlier launch, and starts none for a study that is spent. Raises what ends the campaign, and
    WorkersLost.
    """
    installation = current_installation()
    study = await asyncio.to_thread(installation.study, campaign)
    reconciler = Reconciler(installation, campaign)
    await reconciler.repair()
    async with repeating(reconciler.repair, installation.workspace.lease_times.check_every_s):
        outcomes = await asyncio.gather(*(_keep_one(study, job) for job in jobs), return_exceptions=True)
    if await asyncio.to_thread(study.is_spent):
        return
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    raise WorkersLost(f"{campaign}: every worker was cancelled before the budget was spent; run it again to go on")


async def _keep_one(study: Study, job: WorkerJob) -> None:
    """Run one worker, and replace it whenever it is lost. A cancelled worker is not replaced."""
    fruitless, campaign = 0, job.campaign
    for start in count(1):
        if await asyncio.to_thread(study.is_spent):
            return
        before = await asyncio.to_thread(_finished_by, study, job.name)
        key = f"{campaign}/{job.name}/{attempt_key()}/{start}"
        state = await run_to_end(ChildRun("worker", job.region, campaign, job.name, {"job": job.model_dump(mode="json")}, key))
        if state.is_completed():
            return
        # Raises what ends the campaign, as the worker itself may have done.
        await asyncio.to_thread(study.tell_lost, job.name, f"its worker ended: {describe_state(state)}")
        if state.is_cancelled():
            return
        fruitless = 0 if await asyncio.to_thread(_finished_by, study, job.name) > before else fruitless + 1
        if fruitless >= MOST_FRUITLESS_STARTS:
            times = f"{fruitless} times in a row without finishing a trial"
            raise WorkersLost(f"{job.name} ended {times}; the last time: {describe_state(state)}")


def _finished_by(study: Study, worker: str) -> int:
    return sum(trial.worker == worker and trial.simulated_days > 0 for trial in study.trials())
