"""Switching the schedules of deployments on or off."""

from __future__ import annotations

from prefect.client.orchestration import PrefectClient


async def set_schedules(client: PrefectClient, *, active: bool) -> tuple[str, ...]:
    """Switch every schedule on or off; returns one line for each."""
    lines = []
    for deployment in await client.read_deployments():
        for schedule in deployment.schedules:
            if schedule.active is not active:
                await client.update_deployment_schedule(deployment.id, schedule.id, active=active)
            lines.append(f"schedule of {deployment.name}: {'on' if active else 'off'}")
    return tuple(lines)
