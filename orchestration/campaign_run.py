"""What surrounds the work of a campaign in its run: tags, notices, warm simulators, and the record of a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect import tags
from prefect.logging import get_run_logger

from orchestration.current_run import campaign_tags, label_run, run_url
from orchestration.installation_context import current_installation
from orchestration.notifications import send
from tunegate.application.campaigns import export_campaign, fail_campaign
from tunegate.application.simulation import closing_simulators
from tunegate.config.plan import CampaignPlan
from tunegate.domain.errors import BadInput, DatabaseUnreachable
from tunegate.installation import Installation
from tunegate.ports.outage import Outage
from tunegate.report.messages.notices import CampaignFailed, CampaignStarted


@asynccontextmanager
async def campaign_run(plan: CampaignPlan) -> AsyncIterator[None]:
    """Run a campaign inside `async with`: all its runs carry its tags, and people are notified of its start and its failure.

    A failed campaign is stored as failed, and its trials are exported. An interrupted one stays open: nothing failed.
    """
    installation, labels = current_installation(), campaign_tags(plan.campaign, plan.region)
    await label_run(f"{plan.region}/retune", labels)
    trials, test_days = plan.config.search.trials, str(plan.periods.test)
    await send(CampaignStarted(plan.region, plan.campaign, trials, test_days, plan.requested_by, run_url()))
    try:
        async with closing_simulators(installation, plan.campaign):
            with tags(*labels):
                yield
    except Exception as error:
        await asyncio.to_thread(fail_campaign, installation, plan.campaign, error)
        await send(CampaignFailed(plan.region, plan.campaign, type(error).__name__, str(error), run_url()))
        if not isinstance(error, Outage):  # which may be of the very place that the export would wait for
            await _export_failed(installation, plan.campaign)
        raise


async def _export_failed(installation: Installation, campaign: str) -> None:
    """Export a failed campaign for analysts. An error here is only logged, or it would hide the campaign's own."""
    try:
        await asyncio.to_thread(export_campaign, installation, campaign)
    except (BadInput, DatabaseUnreachable, Outage) as error:
        get_run_logger().warning("the trials of %s were not exported for analysts: %s", campaign, error)
