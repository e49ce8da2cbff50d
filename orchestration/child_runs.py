"""Runs of deployments: joined when they are there already, waited for, and never waited for in vain.

`run_deployment` never raises, and a parent that is run again would start a second child (Prefect 3.8). So a child is looked for
by its name and campaign first, and created under a key that says which attempt it is.
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

from orchestration.heartbeat import LEASE_S, is_alive
from tunegate.domain.errors import BadInput, Fault

POLL_S = 1.0
LOOK_FOR_LIFE_EVERY_S = 15.0
# From RUNNING to the lease: importing takes seconds on a cold node, and a lost lease must have run out.
SILENCE_S = 2 * LEASE_S
SERVER_PATIENCE_S = 180
SERVER_ERROR = 500
Answer = TypeVar("Answer")
UNFINISHED = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING)


class PrefectServerSilent(Exception):
    """The Prefect server was away for longer than a restart takes."""


@dataclass(frozen=True, slots=True)
class Child:
    """A run of the deployment `flow`/`flow`, named after its region and subject; `key` makes creating it safe to repeat."""

    flow: str
    region: str
    campaign: str
    subject: str
    parameters: Mapping[str, Any]
    key: str

    @property
    def name(self) -> str:
        """The run's name, by which people and `ended` find it."""
        return f"{self.region}/{self.subject}"


def labels(campaign: str, region: str) -> tuple[str, str]:
    """The tags of everything that belongs to a campaign."""
    return f"campaign:{campaign}", f"region:{region}"


async def ended(child: Child) -> State[Any]:
    """The state in which a child ended: it is joined if it is under way, else created, and waited for.

    A child that says RUNNING and gives no sign of life is set to CRASHED. Raises BadInput when the deployment is missing.
    """
    async with get_client() as client:
        found = await runs_under_way(client, child.campaign, child.flow, child.name)
        run = found[0] if found else await patiently(lambda: _create(child))
        return await _wait(client, child, run.id)


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `ask` answers, asked again while the Prefect server is away or says 5xx; `ask` must be safe to repeat.

    Prefect's own client gives up on a server that it never reached at once, and on a busy one after a minute. Raises
    PrefectServerSilent.
    """
    deadline = time.monotonic() + SERVER_PATIENCE_S
    while True:
        try:
            return await ask()
        except (PrefectHTTPStatusError, httpx.TransportError) as error:
            lasting = isinstance(error, PrefectHTTPStatusError) and error.response.status_code < SERVER_ERROR
            if lasting:
                raise
            if time.monotonic() > deadline:
                raise PrefectServerSilent(f"the Prefect server gave no answer for {SERVER_PATIENCE_S} s: {error}") from error
            await asyncio.sleep(POLL_S)


async def runs_under_way(client: PrefectClient, campaign: str, flow: str, name: str | None = None) -> list[FlowRun]:
    """Unfinished runs of a flow in a campaign, by name if one is given."""
    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[f"campaign:{campaign}"]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(UNFINISHED))),
        name=None if name is None else FlowRunFilterName(any_=[name]),
    )
    of_flow = FlowFilter(name=FlowFilterName(any_=[flow]))
    return await patiently(lambda: client.read_flow_runs(flow_filter=of_flow, flow_run_filter=wanted))


async def _create(child: Child) -> FlowRun:
    try:
        return await arun_deployment(
            f"{child.flow}/{child.flow}",
            parameters=dict(child.parameters),
            timeout=0,
            flow_run_name=child.name,
            tags=labels(child.campaign, child.region),
            idempotency_key=child.key,
        )
    except ObjectNotFound as error:
        rule, found = "a campaign that is spread over machines needs its deployments", f"no {child.flow}/{child.flow}"
        remedy = "Deploy them with `prefect --no-prompt deploy --all`, or run with placement inline."
        raise BadInput(Fault(rule, found, "the Prefect server", remedy)) from error


async def _wait(client: PrefectClient, child: Child, run_id: Any) -> State[Any]:
    silent_s = 0.0
    while True:
        run = await patiently(lambda: client.read_flow_run(run_id))
        state = run.state
        if state is not None and state.is_final():
            return state
        await asyncio.sleep(POLL_S)
        silent_s += POLL_S
        if silent_s >= LOOK_FOR_LIFE_EVERY_S:
            silent_s = 0.0
            if await is_lost(child.campaign, child.subject, run):
                await give_up(client, run)


async def is_lost(campaign: str, subject: str, run: FlowRun) -> bool:
    """Whether a run has said RUNNING for long and gave no sign of life lately."""
    state = run.state
    if state is None or not state.is_running() or state.timestamp is None:
        return False
    age_s = (datetime.now(UTC) - state.timestamp).total_seconds()
    return age_s > SILENCE_S and not await is_alive(campaign, subject)


async def give_up(client: PrefectClient, run: FlowRun) -> None:
    """Set a run that is gone to CRASHED; safe to repeat."""
    message = f"No sign of life for {LEASE_S:g} s: its process or its machine is gone."
    await patiently(lambda: client.set_flow_run_state(run.id, Crashed(message=message), force=True))
