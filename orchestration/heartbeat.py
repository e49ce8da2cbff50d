"""Signs of life: a run that works elsewhere keeps a lease, and whoever waits for it may believe the lease and nothing else.

Neither Prefect's state nor Optuna's says whether a process is there: a machine that is taken away leaves both at RUNNING.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from prefect.runtime import flow_run

from tasks.simulation.simulate import warm_simulators
from tunegate import wiring

# Long enough for a database that restarts (10 s) and a loop that is busy, short enough that a lost machine costs a minute.
LEASE_S = 60.0
RENEW_EVERY_S = 10.0
ASK_AGAIN_S = 2.0


def worker_name(number: int) -> str:
    """How the study and the runs call a worker."""
    return f"worker-{number}"


def lease_name(campaign: str, subject: str) -> str:
    """The lease of one run of a campaign: a worker's, or a simulation's."""
    return f"run:{campaign}/{subject}"


@asynccontextmanager
async def sign_of_life(campaign: str, subject: str) -> AsyncIterator[None]:
    """Keep the lease of this run while inside `async with`; waits for another run of the same name to let go of it."""
    leases, name, holder = wiring.stores().leases, lease_name(campaign, subject), str(flow_run.get_id())
    while not await asyncio.to_thread(leases.acquire, name, holder, LEASE_S):  # noqa: ASYNC110 - another process holds it
        await asyncio.sleep(ASK_AGAIN_S)
    async with renewed(name, holder):
        yield


@asynccontextmanager
async def renewed(name: str, holder: str) -> AsyncIterator[None]:
    """Renew a lease that is held while inside `async with`, and give it back at the end."""
    renewing = asyncio.create_task(_renew(name, holder))
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await asyncio.to_thread(wiring.stores().leases.release, name, holder)


@asynccontextmanager
async def working_alone(campaign: str, subject: str, on_its_own: bool) -> AsyncIterator[None]:
    """What a run that has its process to itself does besides: it gives signs of life and stops its simulators at the end."""
    if not on_its_own:
        yield
        return
    async with sign_of_life(campaign, subject), warm_simulators(campaign):
        yield


async def _renew(name: str, holder: str) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY_S)
        # Not `renew`: a lease that ran out while the database was away is taken again, if nobody else has.
        await asyncio.to_thread(wiring.stores().leases.acquire, name, holder, LEASE_S)


async def is_alive(campaign: str, subject: str) -> bool:
    """Whether a run of this name gave a sign of life lately."""
    return await asyncio.to_thread(wiring.stores().leases.holder, lease_name(campaign, subject)) is not None


async def live_subjects(campaign: str) -> frozenset[str]:
    """The names of all runs of a campaign that gave a sign of life lately."""
    prefix = lease_name(campaign, "")
    live = await asyncio.to_thread(wiring.stores().leases.live, prefix)
    return frozenset(name.removeprefix(prefix) for name in live)
