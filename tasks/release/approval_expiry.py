"""The end of a verdict's time, and of the runs that wait for it.

A run whose wait times out fails without a message, so the expiry does not rely on that: with the question, a run of the same
deployment is scheduled for the moment when the verdict expires. It closes the verdict if nobody has decided.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect import State, get_client, task
from prefect.runtime import deployment, flow_run
from prefect.states import Scheduled

from orchestration.current_run import label_run
from orchestration.task_options import EFFECT
from orchestration.waiting_runs import cancel_waiting_runs, expiry_key, rollout_tags
from tunegate.application.releases import Closed, ReleaseRequest

_A_MOMENT = timedelta(seconds=2)


@task(**EFFECT)
async def tag_rollout(request: ReleaseRequest) -> None:
    """Tag the current run with its region, its campaign and its verdict."""
    await label_run(tags=rollout_tags(request))


@task(**EFFECT)
async def schedule_expiry(request: ReleaseRequest) -> None:
    """Schedule a run of this deployment that closes the verdict when its time is over; repeating it schedules no other."""
    due: State[None] = Scheduled(scheduled_time=request.expires_at + _A_MOMENT)
    async with get_client() as client:
        await client.create_flow_run_from_deployment(
            UUID(deployment.get_id()),
            parameters={"region": request.region, "verdict": request.verdict},
            state=due,
            name=f"{request.region}/expiry",
            tags=rollout_tags(request),
            idempotency_key=expiry_key(request.verdict),
        )


@task(**EFFECT)
async def cancel_other_runs(request: ReleaseRequest, outcome: Closed) -> None:
    """End the other runs that wait for this verdict, and its scheduled expiry: there is nothing left to decide."""
    await cancel_waiting_runs(request.verdict, outcome, "in another run", UUID(flow_run.get_id()))
