"""The report of a campaign: one HTML page, artifacts beside the run, and the outcome as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact

from orchestration.current_run import run_url
from orchestration.installation_context import current_installation
from orchestration.notifications import send
from orchestration.task_options import EFFECT, artifact_key
from tunegate.application import reports
from tunegate.application.verdicts import Judged
from tunegate.gate.confirmation import Confirmed
from tunegate.report.messages.artifacts import parameter_rows, value_rows
from tunegate.report.messages.notices import VerdictReached
from tunegate.report.messages.verdict_words import words_for
from tunegate.report.model import CampaignReport, RouteReport
from tunegate.report.page.campaign_page import render
from tunegate.report.page.index import page_name
from tunegate.report.plots.still_images import pictures_markdown
from tunegate.report.terminal.verdict_text import markdown, outcome_json


@task(**EFFECT)
async def compose_report(
    campaign: str, confirmed: Sequence[Confirmed], judged: Judged | None, checked: RouteReport | None = None
) -> CampaignReport:
    """Gather everything the report shows."""
    return await asyncio.to_thread(reports.compose_report, current_installation(), campaign, confirmed, judged, checked)


@task(**EFFECT)
async def publish_report(report: CampaignReport) -> dict[str, Any]:
    """Write the HTML page and the run's artifacts; returns the outcome as `--json` prints it."""
    store, name = current_installation().reports, page_name(report.campaign)
    await asyncio.to_thread(store.put, name, render(report))
    key, about = artifact_key(report.campaign), report.campaign
    await acreate_markdown_artifact(markdown(report), key=f"verdict-{key}", description=f"Verdict of {about}")
    await acreate_table_artifact(value_rows(report), key=f"values-{key}", description=f"Gain of {about}, as it was found")
    await acreate_table_artifact(parameter_rows(report), key=f"parameters-{key}", description=f"What {about} would change")
    pictures = await asyncio.to_thread(pictures_markdown, report)
    await acreate_markdown_artifact(pictures, key=f"pictures-{key}", description=f"Pictures of {about}")
    await acreate_link_artifact(store.uri(name), link_text=name, key=f"report-{key}", description=f"Report of {about}")
    return outcome_json(report, store.location(name))


@task(**EFFECT)
async def notify_verdict(report: CampaignReport) -> None:
    """Notify people of the verdict."""
    words = words_for(report)
    page = await asyncio.to_thread(reports.stored_page, current_installation().reports, page_name(report.campaign))
    await send(VerdictReached(report.region, report.campaign, words.outcome.value, words.sentence, page, run_url()))


@task(**EFFECT)
async def refresh_index() -> None:
    """Write the page that lists every campaign by region with its verdict."""
    installation = current_installation()
    await asyncio.to_thread(reports.write_index, installation.campaigns, installation.reports)
