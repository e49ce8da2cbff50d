"""Giving analysts what a campaign found."""

from __future__ import annotations

import asyncio

from prefect import task
from prefect.logging import get_run_logger

from orchestration.task_options import EFFECT
from tunegate import wiring
from tunegate.domain.errors import BadInput, DatabaseUnreachable
from tunegate.ports.outage import Outage


@task(**EFFECT)
async def export_for_analysts(campaign: str) -> None:
    """Copy the trials and verdicts of a campaign to where analysts look. Raises Outage and BadInput: a resume tries again."""
    await asyncio.to_thread(_export, campaign)


async def export_what_failed(campaign: str) -> None:
    """The same for a campaign that failed, whose own error must not give way to one of the export: that is only logged."""
    try:
        await asyncio.to_thread(_export, campaign)
    except (BadInput, DatabaseUnreachable, Outage) as error:
        get_run_logger().warning("the trials of %s were not exported for analysts: %s", campaign, error)


def _export(campaign: str) -> None:
    stores = wiring.stores()
    row = stores.campaigns.find(campaign)
    if row is None:
        raise LookupError(f"campaign {campaign} is not in the book")
    verdicts = [verdict for verdict in stores.verdicts.of_region(row.region) if verdict.campaign == campaign]
    wiring.analytics().export(row, wiring.study(campaign).trials(), verdicts)
