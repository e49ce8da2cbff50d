"""One campaign of a region at a time, over all machines; and whether a scheduled one should begin at all.

On one machine a lock of the kernel's says who works on a region, and it ends with the process. Between machines a lease in the
database does, under the name of the machine and its installation: whoever is killed there may go on there at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from prefect import State, get_client
from prefect.runtime import flow_run
from prefect.states import Completed

from orchestration.heartbeat import ASK_AGAIN_S, LEASE_S, RENEW_EVERY_S, renewed
from orchestration.notifications import tell, this_run_url
from tunegate import wiring
from tunegate.config.due import reason_to_skip
from tunegate.config.plan import CampaignPlan
from tunegate.config.start import newest_finished
from tunegate.domain.errors import BadInput, DaysMissing, RegionBusy
from tunegate.report.messages.notices import CampaignFailed, CampaignSkipped


@dataclass(frozen=True, slots=True)
class Skip:
    """A scheduled campaign that does not begin, and why."""

    region: str
    reason: str


@asynccontextmanager
async def turn_of_region(config: str, overrides: Sequence[str], campaign: str | None) -> AsyncIterator[Skip | None]:
    """Have a campaign's region to oneself inside `async with`; yields a Skip when a scheduled run should not begin, else None.

    Raises BadInput for a faulty configuration, and RegionBusy when nobody scheduled the run and another campaign is running.
    """
    async with AsyncExitStack() as stack:
        yield await _turn(stack, config, tuple(overrides), campaign)


async def _turn(stack: AsyncExitStack, config: str, overrides: tuple[str, ...], campaign: str | None) -> Skip | None:
    scheduled = campaign is None and await _is_scheduled()
    region = await _region_of(config, overrides, campaign)
    try:
        await stack.enter_async_context(_region_to_itself(region, goes_on=campaign is not None or flow_run.run_count > 1))
        reason = await _not_due(config, overrides) if scheduled else None
    except RegionBusy as busy:
        if not scheduled:
            raise
        reason = f"still running: {busy.faults[0].value}"
    except DaysMissing as missing:
        reason = "; ".join(f"data missing: {fault.rule}, but {fault.place} is {fault.value}" for fault in missing.faults)
    return None if reason is None else Skip(region, reason)


async def _region_of(config: str, overrides: tuple[str, ...], campaign: str | None) -> str:
    if campaign is not None:
        return (await asyncio.to_thread(wiring.plan, campaign)).region
    try:
        return (await asyncio.to_thread(wiring.region_config, config, overrides)).region
    except BadInput as error:
        await tell_not_begun(config, error)
        raise


async def tell_not_begun(config: str, error: BadInput) -> None:
    """Tell people that a campaign did not even begin."""
    name = Path(config).stem
    await tell(CampaignFailed(name, "none was begun", type(error).__name__, str(error.faults[0]), this_run_url()))


async def skipped(skip: Skip) -> State[None]:
    """Say why a scheduled run does nothing, and how it ends: completed, under the name Skipped."""
    async with get_client() as client:
        await client.update_flow_run(UUID(flow_run.get_id()), name=f"{skip.region}/retune")
    await tell(CampaignSkipped(skip.region, skip.reason, this_run_url()))
    return Completed(name="Skipped", message=skip.reason)


async def _is_scheduled() -> bool:
    """Whether a schedule made this run, and not a person."""
    async with get_client() as client:
        return bool((await client.read_flow_run(UUID(flow_run.get_id()))).auto_scheduled)


async def _not_due(config: str, overrides: tuple[str, ...]) -> str | None:
    plan = await wiring.plan_region(config, overrides, "draft")
    own = wiring.campaign_name(plan.region, flow_run.scheduled_start_time)
    return await asyncio.to_thread(_reason, plan, own)


def _reason(plan: CampaignPlan, own: str) -> str | None:
    stores = wiring.stores()
    if stores.campaigns.find(own) is not None:
        return None  # This run began it before it was taken up again.
    last, used = newest_finished(stores.campaigns, plan.region), stores.ledger.entries(plan.region)
    return reason_to_skip(plan, last, used, wiring.clock().now().date())


@asynccontextmanager
async def _region_to_itself(region: str, *, goes_on: bool) -> AsyncIterator[None]:
    """Hold the region inside `async with`. A campaign that goes on waits for what is left of its own lease elsewhere."""
    name, leases, holder = wiring.region_lease(region), wiring.stores().leases, wiring.region_holder()
    patience_s = LEASE_S + RENEW_EVERY_S if goes_on else 0.0
    with wiring.exclusive_region(region):
        while not await asyncio.to_thread(leases.acquire, name, holder, LEASE_S):
            if patience_s <= 0:
                await asyncio.to_thread(wiring.refuse_if_elsewhere, region)
            await asyncio.sleep(ASK_AGAIN_S)
            patience_s -= ASK_AGAIN_S
        async with renewed(name, holder):
            yield
