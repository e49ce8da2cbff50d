"""One campaign of a region at a time, over all machines; and whether a scheduled one should begin at all.

On one machine a lock of the kernel's keeps processes apart, and it ends with the process. Between machines a lease in the
database does, under the name of the machine and its installation: a killed campaign can resume on the same machine immediately.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from prefect import State
from prefect.runtime import flow_run
from prefect.states import Completed

from orchestration.current_run import is_scheduled, label_run, run_url
from orchestration.heartbeat import keep_lease
from orchestration.installation_context import current_installation
from orchestration.notifications import notify_not_begun, send
from tunegate.application.campaigns import plan_campaign
from tunegate.application.regions import reason_not_due, refuse_if_elsewhere, region_lease
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import RegionConfig
from tunegate.domain.errors import DaysMissing, RegionBusy
from tunegate.installation import Installation
from tunegate.report.messages.notices import CampaignSkipped


@dataclass(frozen=True, slots=True)
class Skip:
    """A scheduled campaign that does not begin, and why."""

    region: str
    reason: str


@asynccontextmanager
async def acquire_region(opening: RegionConfig | CampaignPlan) -> AsyncIterator[CampaignPlan | Skip]:
    """Hold the region inside `async with`; yields the plan of a campaign that goes on, or the draft of a new one.

    A Skip instead says why a scheduled run should not begin. Raises BadInput for a faulty configuration, and RegionBusy when
    the run was not scheduled and another campaign of the region is running.
    """
    async with AsyncExitStack() as stack:
        installation = current_installation()
        if isinstance(opening, CampaignPlan):
            await stack.enter_async_context(_held(installation, opening.region, resumed=True))
            yield opening
        else:
            yield await _draft(stack, installation, opening)


async def end_skipped(skip: Skip) -> State[None]:
    """Notify people that a scheduled run does nothing, and why; the state it ends in is completed, under the name Skipped."""
    await label_run(f"{skip.region}/retune")
    await send(CampaignSkipped(skip.region, skip.reason, run_url()))
    return Completed(name="Skipped", message=skip.reason)


async def _draft(stack: AsyncExitStack, installation: Installation, config: RegionConfig) -> CampaignPlan | Skip:
    scheduled = await is_scheduled()
    try:
        await stack.enter_async_context(_held(installation, config.region, resumed=flow_run.run_count > 1))
        async with notify_not_begun(config.file, unless=DaysMissing if scheduled else ()):
            draft = await plan_campaign(installation, config)
    except RegionBusy as busy:
        if not scheduled:
            raise
        return Skip(config.region, f"still running: {busy.faults[0].value}")
    except DaysMissing as missing:
        if not scheduled:
            raise
        missing_days = (f"data missing: {fault.rule}, but {fault.place} is {fault.value}" for fault in missing.faults)
        return Skip(config.region, "; ".join(missing_days))
    if not scheduled:
        return draft
    reason = await asyncio.to_thread(reason_not_due, installation, draft, flow_run.scheduled_start_time)
    return draft if reason is None else Skip(config.region, reason)


@asynccontextmanager
async def _held(installation: Installation, region: str, *, resumed: bool) -> AsyncIterator[None]:
    """Hold the region inside `async with`. A resumed campaign waits until its own lease of before runs out elsewhere."""
    name, leases, holder = region_lease(region), installation.leases, installation.lease_holder
    times = installation.workspace.lease_times
    wait_s = times.lease_s + times.renew_every_s if resumed else 0.0
    with installation.region_lock(region):
        while not await asyncio.to_thread(leases.acquire, name, holder, times.lease_s):
            if wait_s <= 0:
                await asyncio.to_thread(refuse_if_elsewhere, installation, region)
            await asyncio.sleep(times.ask_again_s)
            wait_s -= times.ask_again_s
        async with keep_lease(installation, name, holder):
            yield
