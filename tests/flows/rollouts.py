"""Runs of the deployed `rollout` against a real server, taken up in this process just as a worker's process takes them up."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect import Flow, State
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, FlowRunInput
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow

from flows.rollout import rollout


@dataclass
class Rollouts:
    """The deployment, as its users see it: begin a run, look at it, resume it with a form."""

    client: PrefectClient
    deployment: UUID

    @classmethod
    async def deployed(cls, client: PrefectClient) -> Rollouts:
        made = await rollout.ato_deployment("rollout")
        return cls(client, await made.aapply())

    async def begin(self, verdict: str, region: str = "toyville", **parameters: Any) -> FlowRun:
        """Start a run and take it up until it waits or ends."""
        given = {"region": region, "verdict": verdict, **parameters}
        created = await self.client.create_flow_run_from_deployment(self.deployment, parameters=given)
        return await self.take_up(created.id)

    async def resume(self, run: FlowRun, form: dict[str, Any] | None) -> bool:
        """Answer as the UI does; whether the server took it."""
        answered = await self.client.resume_flow_run(run.id, run_input=form)
        return answered.status.value == "ACCEPT"

    async def answer(self, run: FlowRun, **form: Any) -> FlowRun:
        """Answer and take the run up until it waits again or ends."""
        assert await self.resume(run, form)
        return await self.take_up(run.id)

    async def force(self, run: FlowRun, state: State[None], flow: Flow[Any, Any] = rollout) -> FlowRun:
        """Put a run into a state, as anybody may who reaches the server, and take it up."""
        await self.client.set_flow_run_state(run.id, state, force=True)
        return await self.take_up(run.id, flow)

    async def take_up(self, run_id: UUID, flow: Flow[Any, Any] = rollout) -> FlowRun:
        run = await self.client.read_flow_run(run_id)
        with suppress(Pause):
            await run_flow(flow, flow_run=run, parameters=run.parameters, return_type="state")
        return await self.client.read_flow_run(run_id)

    async def inputs(self, run: FlowRun) -> dict[str, FlowRunInput]:
        found = await self.client.filter_flow_run_input(run.id, key_prefix="", limit=200, exclude_keys=set())
        return {each.key: each for each in found}

    async def shown(self, run: FlowRun) -> str:
        """What the newest form of a waiting run says above its fields."""
        assert run.state is not None
        keys = run.state.state_details.run_input_keyset
        assert keys is not None, run.state
        description = (await self.inputs(run))[keys["description"]].decoded_value
        assert isinstance(description, str)
        return description


def ended(run: FlowRun) -> tuple[str, str]:
    """Type and name of the state a run is in."""
    assert run.state is not None
    return run.state.type.value, run.state.name or ""
