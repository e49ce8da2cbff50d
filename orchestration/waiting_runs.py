"""Runs that wait for the same verdict, and the run that is scheduled to close it when nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled

from orchestration.current_run import campaign_tags
from orchestration.release_outcomes import closing_state
from tunegate.application.releases import Closed, ReleaseRequest
from tunegate.report.messages.notices import SHORT_DIGEST

MOST_RUNS = 200


async def cancel_waiting_runs(verdict: str, outcome: Closed, where: str, own_id: UUID | None = None) -> None:
    """End the runs that wait for a verdict, and its scheduled expiry, after a decision that was made `where`.

    The run `own_id` is left alone, and so are runs that were just answered: they report what they find.
    """
    closed = closing_state(outcome)
    message = f"decided {where}: {closed.name}, {closed.message}"
    async with get_client() as client:
        for run in await _open_runs(client, verdict):
            if run.id == own_id or run.state is None:
                continue
            if run.idempotency_key == expiry_key(verdict) and run.state.type is StateType.SCHEDULED:
                await client.delete_flow_run(run.id)
            elif run.state.type is StateType.PAUSED:
                await client.set_flow_run_state(run.id, Cancelled(name=closed.name, message=message))


def expiry_key(verdict: str) -> str:
    """The idempotency key of the run that closes a verdict when it expires."""
    return f"expiry-{verdict}"


def rollout_tags(request: ReleaseRequest) -> Sequence[str]:
    """The tags of every run about a verdict."""
    return [*campaign_tags(request.campaign, request.region), _verdict_tag(request.verdict)]


async def _open_runs(client: PrefectClient, verdict: str) -> list[FlowRun]:
    open_states = [StateType.PAUSED.value, StateType.SCHEDULED.value]
    wanted = {"tags": {"all_": [_verdict_tag(verdict)]}, "state": {"type": {"any_": open_states}}}
    return await client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted), limit=MOST_RUNS)


def _verdict_tag(verdict: str) -> str:
    return f"verdict:{verdict[:SHORT_DIGEST]}"
