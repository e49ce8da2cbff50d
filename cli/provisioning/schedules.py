"""Schedules of deployments on a machine that is not always on."""

from __future__ import annotations

from prefect.client.orchestration import PrefectClient


async def keep_schedules(client: PrefectClient, *, active: bool) -> tuple[str, ...]:
    """Switch every schedule on or off; returns a line for each that there is."""
    lines = []
    for deployment in await client.read_deployments():
        for schedule in deployment.schedules:
            if schedule.active is not active:
                await client.update_deployment_schedule(deployment.id, schedule.id, active=active)
            lines.append(f"schedule of {deployment.name}: {'on' if active else 'off'}")
    return tuple(lines)
