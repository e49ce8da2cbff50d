"""From a campaign to the question whether its candidate may go into production."""

from __future__ import annotations

import asyncio

from prefect import get_client, task
from prefect.exceptions import ObjectNotFound
from prefect.utilities.urls import url_for

from orchestration.task_options import EFFECT
from tunegate import wiring
from tunegate.report.messages.verdict_words import Outcome, outcome_of
from tunegate.report.model import CampaignReport

ROLLOUT = "rollout/rollout"


@task(retries=2, retry_delay_seconds=5, **EFFECT)
async def begin_rollout(report: CampaignReport) -> str | None:
    """Begin the run that asks for approval of a promoted candidate, and return its page. Repeating it begins nothing new.

    None where there is nothing to approve, or where the server has no such deployment and people approve by command.
    """
    verdict = report.provenance.record_digest
    if verdict is None or outcome_of(report) is not Outcome.PROMOTE:
        return None
    return await ask_for_approval(report.region, report.campaign, verdict)


async def ask_for_approval(region: str, campaign: str, verdict: str) -> str | None:
    """Begin the run that asks about a verdict, and return its page; None where the server has no such deployment."""
    row = await asyncio.to_thread(wiring.stores().campaigns.find, campaign)
    requester = None if row is None else row.config.get(wiring.REQUESTER)
    async with get_client() as client:
        try:
            deployed = await client.read_deployment_by_name(ROLLOUT)
        except ObjectNotFound:
            return None
        # Through the client: what `run_deployment` begins inside a run is a sub-flow, and those cannot wait.
        run = await client.create_flow_run_from_deployment(
            deployed.id,
            parameters={"region": region, "verdict": verdict, "requested_by": requester},
            name=f"{region}/rollout",
            idempotency_key=verdict,
        )
    return url_for("flow-run", obj_id=run.id)
