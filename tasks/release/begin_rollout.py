"""From a campaign to the question whether its candidate may go into production."""

from __future__ import annotations

from prefect import task

from orchestration.rollout_runs import start_rollout
from orchestration.task_options import EFFECT
from tunegate.report.messages.verdict_words import Outcome, outcome_of
from tunegate.report.model import CampaignReport


@task(retries=2, retry_delay_seconds=5, **EFFECT)
async def begin_rollout(report: CampaignReport) -> str | None:
    """Start the run that asks for approval of a promoted candidate, and return its page. Repeating it starts nothing new.

    None where there is nothing to approve, or where the server has no such deployment and people approve by command.
    """
    verdict = report.provenance.record_digest
    if verdict is None or report.exploratory or outcome_of(report) is not Outcome.PROMOTE:
        return None
    return await start_rollout(report.region, report.campaign, verdict)
