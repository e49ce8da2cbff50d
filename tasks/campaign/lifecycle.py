"""Opening and closing a campaign."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import task
from prefect.runtime import flow_run

from orchestration.installation_context import current_installation
from orchestration.notifications import notify_not_begun
from orchestration.task_options import EFFECT
from tunegate.application import campaigns
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import RegionConfig
from tunegate.domain.parameters import Parameters


@task(**EFFECT)
async def read_opening(config: str, overrides: Sequence[str], campaign: str | None) -> RegionConfig | CampaignPlan:
    """The plan of the campaign that is named, else the configuration of a new one, read and checked once for the whole run.

    Raises BadInput with every fault of the configuration.
    """
    installation = current_installation()
    if campaign is not None:
        return await asyncio.to_thread(installation.plan, campaign)
    async with notify_not_begun(Path(config)):
        return await asyncio.to_thread(campaigns.read_config, installation.registry, config, tuple(overrides))


@task(**EFFECT)
async def open_campaign(plan: CampaignPlan) -> CampaignPlan:
    """Begin the campaign of a draft, or take up one that was begun before; returns the stored plan.

    A new one is named after its region and the time its run was due, so that the same run tried again joins its own campaign.
    """
    installation = current_installation()
    if not plan.is_draft:
        return await asyncio.to_thread(campaigns.rejoin_campaign, installation, plan.campaign)
    due = flow_run.scheduled_start_time or installation.clock.now()
    async with notify_not_begun(plan.config.file):
        return await campaigns.begin_campaign(installation, plan, due)


@task(**EFFECT)
async def export_for_analysts(campaign: str) -> None:
    """Copy the trials and verdicts of a campaign to where analysts look. Raises Outage and BadInput: a resume tries again."""
    await asyncio.to_thread(campaigns.export_campaign, current_installation(), campaign)


@task(**EFFECT)
async def close_campaign(campaign: str, outcome: Mapping[str, Any], candidate: Parameters | None) -> None:
    """Store the outcome, with the best trials: other regions may start from them."""
    await asyncio.to_thread(campaigns.close_campaign, current_installation(), campaign, outcome, candidate)
