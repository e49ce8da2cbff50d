"""Runs of deployments: joined where they exist, awaited, and marked as crashed when their process is gone.

`run_deployment` never raises, and a parent that is run again would start a second child (Prefect 3.8). So a child is looked up
by its name and campaign first, and created under a key that identifies the attempt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Crashed

from orchestration.current_run import campaign_tags
from orchestration.heartbeat import has_lease
from orchestration.installation_context import current_installation
from tunegate.domain.errors import BadInput, Fault

POLL_S = 1.0
SERVER_TIMEOUT_S = 180
SERVER_ERROR = 500
T = TypeVar("T")
UNFINISHED = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING)


class PrefectServerSilent(Exception):
    """The Prefect server was unreachable for longer than a restart takes."""


@dataclass(frozen=True, slots=True)
class ChildRun:
    """A run of the deployment `flow`/`flow`, named after its region and subject; `key` makes creating it safe to repeat."""

    flow: str
    region: str
    campaign: str
    subject: str
    parameters: Mapping[str, Any]
    key: str

    @property
    def name(self) -> str:
        """The run's name, by which people and `run_to_end` find it."""
        return f"{self.region}/{self.subject}"


async def run_to_end(child: ChildRun) -> State[Any]:
    """The final state of a child run, which is joined if it is under way and created otherwise.

    A child that is RUNNING without a heartbeat is set to CRASHED. Raises BadInput when the deployment is missing.
    """
    async with get_client() as client:
        found = await runs_under_way(client, child.campaign, child.flow, child.name)
        run = found[0] if found else await retry_server_errors(lambda: _create(child))
        return await _wait(client, child, run.id)


async def retry_server_errors(ask: Callable[[], Awaitable[T]]) -> T:
    """Call `ask`, which must be safe to repeat, until it succeeds while the Prefect server is unreachable or answers 5xx.

    Prefect's own client gives up at once on a server that it never reached, and after a minute on a busy one. Raises
    PrefectServerSilent.
    """
    deadline = time.monotonic() + SERVER_TIMEOUT_S
    while True:
        try:
            return await ask()
        except (PrefectHTTPStatusError, httpx.TransportError) as error:
            lasting = isinstance(error, PrefectHTTPStatusError) and error.response.status_code < SERVER_ERROR
            if lasting:
                raise
            if time.monotonic() > deadline:
                raise PrefectServerSilent(f"the Prefect server gave no answer for {SERVER_TIMEOUT_S} s: {error}") from error
            await asyncio.sleep(POLL_S)


async def runs_under_way(client: PrefectClient, campaign: str, flow: str, name: str | None = None) -> list[FlowRun]:
    """Unfinished runs of a flow in a campaign, by name if one is given."""
    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[f"campaign:{campaign}"]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(UNFINISHED))),
        name=None if name is None else FlowRunFilterName(any_=[name]),
    )
    of_flow = FlowFilter(name=FlowFilterName(any_=[flow]))
    return await retry_server_errors(lambda: client.read_flow_runs(flow_filter=of_flow, flow_run_filter=wanted))


async def _create(child: ChildRun) -> FlowRun:
    try:
        return await arun_deployment(
            f"{child.flow}/{child.flow}",
            parameters=dict(child.parameters),
            timeout=0,
            flow_run_name=child.name,
            tags=campaign_tags(child.campaign, child.region),
            idempotency_key=child.key,
        )
    except ObjectNotFound as error:
        rule, found = "a campaign that is spread over machines needs its deployments", f"no {child.flow}/{child.flow}"
        remedy = "Deploy them with `prefect --no-prompt deploy --all`, or run with placement inline."
        raise BadInput(Fault(rule, found, "the Prefect server", remedy)) from error


async def _wait(client: PrefectClient, child: ChildRun, run_id: Any) -> State[Any]:
    silent_s, check_every_s = 0.0, current_installation().workspace.lease_times.check_every_s
    while True:
        run = await retry_server_errors(lambda: client.read_flow_run(run_id))
        state = run.state
        if state is not None and state.is_final():
            return state
        await asyncio.sleep(POLL_S)
        silent_s += POLL_S
        if silent_s >= check_every_s:
            silent_s = 0.0
            if await is_lost(child.campaign, child.subject, run):
                await mark_crashed(client, run)


async def is_lost(campaign: str, subject: str, run: FlowRun) -> bool:
    """Whether a run has been RUNNING for a while and holds no lease."""
    state = run.state
    if state is None or not state.is_running() or state.timestamp is None:
        return False
    age_s = (datetime.now(UTC) - state.timestamp).total_seconds()
    return age_s > current_installation().workspace.lease_times.missing_after_s and not await has_lease(campaign, subject)


async def mark_crashed(client: PrefectClient, run: FlowRun) -> None:
    """Set a run whose process is gone to CRASHED; safe to repeat."""
    message = (
        f"No heartbeat for {current_installation().workspace.lease_times.lease_s:g} s: its process or its machine is gone."
    )
    await retry_server_errors(lambda: client.set_flow_run_state(run.id, Crashed(message=message), force=True))


def describe_state(state: State[Any]) -> str:
    """Name and message of a state."""
    return f"{state.name}: {state.message}" if state.message else str(state.name)
