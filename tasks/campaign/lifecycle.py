"""Opening and closing a campaign in the book."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from prefect import get_client, task
from prefect.runtime import flow_run

from orchestration.notifications import tell, this_run_url
from orchestration.region_lock import tell_not_begun
from orchestration.task_options import EFFECT
from tasks.campaign.analytics import export_what_failed
from tunegate import wiring
from tunegate.config.plan import CampaignPlan
from tunegate.config.start import BEST, best_first
from tunegate.domain.errors import BadInput
from tunegate.domain.parameters import Parameters
from tunegate.ports.campaign_store import CampaignStatus
from tunegate.ports.outage import Outage
from tunegate.report.messages.notices import CampaignFailed, CampaignStarted


@task(**EFFECT)
async def open_campaign(config: str, overrides: Sequence[str], campaign: str | None) -> CampaignPlan:
    """Join the campaign when one is named, else enter a new one; returns its plan.

    A new one is named after its region and the time its run was due, so that the same run tried again joins its own campaign.
    Raises BadInput with every fault of the configuration, the city and the periods.
    """
    if campaign is not None:
        return wiring.rejoin_campaign(campaign)
    due = flow_run.scheduled_start_time or wiring.clock().now()
    try:
        return await wiring.begin_campaign(config, tuple(overrides), due)
    except BadInput as error:
        await tell_not_begun(config, error)
        raise


@asynccontextmanager
async def failure_noted(campaign: str) -> AsyncIterator[None]:
    """Tell book and people that the campaign failed, and why, when it does. An interrupted one stays open: nothing failed."""
    try:
        yield
    except Exception as error:
        book, reason = wiring.stores().campaigns, {"error": type(error).__name__, "reason": str(error)}
        await asyncio.to_thread(book.finish, campaign, CampaignStatus.FAILED, reason, wiring.clock().now())
        region = wiring.plan(campaign).region
        await tell(CampaignFailed(region, campaign, reason["error"], reason["reason"], this_run_url()))
        if not isinstance(error, Outage):  # which may be of the very place that the export would wait for
            await export_what_failed(campaign)
        raise


@task(**EFFECT)
async def tag_this_run(plan: CampaignPlan) -> tuple[str, ...]:
    """Tag the current run with its campaign and region; returns the tags, which every run below it carries too."""
    labels = (f"campaign:{plan.campaign}", f"region:{plan.region}")
    own_id = UUID(flow_run.get_id())
    async with get_client() as client:
        tagged = await client.read_flow_run(own_id)
        await client.update_flow_run(own_id, name=f"{plan.region}/retune", tags=sorted({*tagged.tags, *labels}))
    return labels


@task(**EFFECT)
async def tell_started(plan: CampaignPlan) -> None:
    """Tell people that a campaign begins."""
    row = await asyncio.to_thread(wiring.stores().campaigns.find, plan.campaign)
    requester = None if row is None else row.config.get(wiring.REQUESTER)
    who = requester if isinstance(requester, str) else None
    trials, test_days = plan.config.search.trials, str(plan.periods.test)
    await tell(CampaignStarted(plan.region, plan.campaign, trials, test_days, who, this_run_url()))


@task(**EFFECT)
async def close_campaign(campaign: str, outcome: Mapping[str, Any], candidate: Parameters | None) -> None:
    """Write the outcome into the book, with the best trials: other regions may start from them."""
    await asyncio.to_thread(_close, campaign, outcome, candidate)


def _close(campaign: str, outcome: Mapping[str, Any], candidate: Parameters | None) -> None:
    book = wiring.stores().campaigns
    row = book.find(campaign)
    if row is not None and row.status is CampaignStatus.FINISHED:
        return  # Run again after its end: nothing was repeated, and what it cost at first stays.
    ranked = wiring.study(campaign).top_k(wiring.plan(campaign).config.search.confirm_top)
    kept = {**outcome, BEST: best_first(candidate, [trial.parameters for trial in ranked])}
    book.finish(campaign, CampaignStatus.FINISHED, kept, wiring.clock().now())
