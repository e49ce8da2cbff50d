"""Runs that wait for the same verdict: the one that closes it when nobody answers, and those that need not wait any more.

A run whose wait is over fails without a word, so nothing rests on that: with the question goes a run of the same deployment,
scheduled for the moment when the verdict expires. It finds what it finds, and closes what is open.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect import State, get_client, task
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.runtime import deployment, flow_run
from prefect.states import Cancelled, Scheduled

from orchestration.task_options import EFFECT
from tasks.release.approval import Closed, closing_state
from tunegate.report.messages.approval import ApprovalQuestion
from tunegate.report.messages.notices import SHORT_DIGEST

MOST_RUNS = 200
_A_MOMENT = timedelta(seconds=2)


@task(**EFFECT)
async def tag_rollout(question: ApprovalQuestion) -> None:
    """Tag the current run with its region, its campaign and its verdict."""
    own_id = UUID(flow_run.get_id())
    async with get_client() as client:
        tagged = await client.read_flow_run(own_id)
        await client.update_flow_run(own_id, tags=sorted({*tagged.tags, *_tags(question)}))


@task(**EFFECT)
async def arrange_expiry(question: ApprovalQuestion) -> None:
    """Have a run of this deployment close the verdict when its time is over. Repeating it arranges nothing new."""
    due: State[None] = Scheduled(scheduled_time=question.expires_at + _A_MOMENT)
    async with get_client() as client:
        await client.create_flow_run_from_deployment(
            UUID(deployment.get_id()),
            parameters={"region": question.region, "verdict": question.verdict},
            state=due,
            name=f"{question.region}/expiry",
            tags=_tags(question),
            idempotency_key=_appointment(question.verdict),
        )


@task(**EFFECT)
async def release_others(question: ApprovalQuestion, outcome: Closed) -> None:
    """End the other runs that wait for this verdict, and what was arranged for its expiry: there is nothing left to decide.

    Runs that somebody has just answered go on, and say themselves what they find.
    """
    await end_waiting(question.verdict, outcome, "in another run", UUID(flow_run.get_id()))


async def end_waiting(verdict: str, outcome: Closed, where: str, own_id: UUID | None = None) -> None:
    """As `release_others`, of a decision that was made `where`; the run `own_id` is left alone."""
    closed = closing_state(outcome)
    message = f"decided {where}: {closed.name}, {closed.message}"
    async with get_client() as client:
        for run in await _open_runs(client, verdict):
            if run.id == own_id or run.state is None:
                continue
            if run.idempotency_key == _appointment(verdict) and run.state.type is StateType.SCHEDULED:
                await client.delete_flow_run(run.id)
            elif run.state.type is StateType.PAUSED:
                await client.set_flow_run_state(run.id, Cancelled(name=closed.name, message=message))


async def _open_runs(client: PrefectClient, verdict: str) -> list[FlowRun]:
    open_states = [StateType.PAUSED.value, StateType.SCHEDULED.value]
    wanted = {"tags": {"all_": [_verdict_tag(verdict)]}, "state": {"type": {"any_": open_states}}}
    return await client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted), limit=MOST_RUNS)


def _appointment(verdict: str) -> str:
    return f"expiry-{verdict}"


def _tags(question: ApprovalQuestion) -> list[str]:
    return [f"campaign:{question.campaign}", f"region:{question.region}", _verdict_tag(question.verdict)]


def _verdict_tag(verdict: str) -> str:
    return f"verdict:{verdict[:SHORT_DIGEST]}"
