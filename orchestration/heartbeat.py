"""Heartbeats: a run in a process of its own keeps a lease, and only that lease shows that its process is alive.

Neither Prefect's state nor Optuna's does: a machine that is taken away leaves both at RUNNING.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect.runtime import flow_run

from orchestration.installation_context import current_installation
from orchestration.repeating import repeating
from tunegate.application.simulation import closing_simulators
from tunegate.installation import Installation


def lease_name(campaign: str, subject: str) -> str:
    """The lease of one run of a campaign: a worker's, or a simulation's."""
    return f"run:{campaign}/{subject}"


@asynccontextmanager
async def own_process(campaign: str, subject: str, enabled: bool) -> AsyncIterator[None]:
    """Keep the lease of a run that has a process to itself, and stop its simulators at the end of `async with`.

    Waits until another run of the same name gives the lease back. Does nothing unless `enabled`.
    """
    if not enabled:
        yield
        return
    installation = current_installation()
    leases, times = installation.leases, installation.workspace.lease_times
    name, holder = lease_name(campaign, subject), str(flow_run.get_id())
    while not await asyncio.to_thread(leases.acquire, name, holder, times.lease_s):  # noqa: ASYNC110 - another process holds it
        await asyncio.sleep(times.ask_again_s)
    async with keep_lease(installation, name, holder), closing_simulators(installation, campaign):
        yield


@asynccontextmanager
async def keep_lease(installation: Installation, name: str, holder: str) -> AsyncIterator[None]:
    """Renew a lease that is held while inside `async with`, and give it back at the end."""
    leases, times = installation.leases, installation.workspace.lease_times

    async def renew() -> None:
        # A lease that ran out while the database was away is taken again, unless another holder has it.
        await asyncio.to_thread(leases.acquire, name, holder, times.lease_s)

    try:
        async with repeating(renew, times.renew_every_s):
            yield
    finally:
        await asyncio.to_thread(leases.release, name, holder)


async def has_lease(campaign: str, subject: str) -> bool:
    """Whether a run of this name is alive."""
    return await asyncio.to_thread(current_installation().leases.holder, lease_name(campaign, subject)) is not None


async def subjects_alive(campaign: str) -> frozenset[str]:
    """The names of all runs of a campaign that are alive."""
    prefix = lease_name(campaign, "")
    live = await asyncio.to_thread(current_installation().leases.live, prefix)
    return frozenset(name.removeprefix(prefix) for name in live)
