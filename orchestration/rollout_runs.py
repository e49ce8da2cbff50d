"""Runs of the `rollout` deployment, begun by another run or by a command."""

from __future__ import annotations

import asyncio

from prefect import get_client
from prefect.exceptions import ObjectNotFound
from prefect.utilities.urls import url_for

from orchestration.installation_context import current_installation

ROLLOUT = "rollout/rollout"


async def start_rollout(region: str, campaign: str, verdict: str) -> str | None:
    """Start the run that asks about a verdict, and return its page; None where the server has no such deployment.

    Repeating it starts nothing new.
    """
    plan = await asyncio.to_thread(current_installation().plan, campaign)
    async with get_client() as client:
        try:
            deployed = await client.read_deployment_by_name(ROLLOUT)
        except ObjectNotFound:
            return None
        # Through the client: what `run_deployment` begins inside a run is a sub-flow, and those cannot wait.
        run = await client.create_flow_run_from_deployment(
            deployed.id,
            parameters={"region": region, "verdict": verdict, "requested_by": plan.requested_by},
            name=f"{region}/rollout",
            idempotency_key=verdict,
        )
    return url_for("flow-run", obj_id=run.id)
