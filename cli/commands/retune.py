"""`tunegate retune`: one campaign with a live display, and its verdict at the end."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
import sys
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from rich.console import Console

from cli.exit_codes import EXIT_INTERRUPTED, EXIT_OK
from cli.local_server.server import orchestration, require_configured_server
from cli.terminal import print_line, print_note
from orchestration.installation_context import use_installation
from tunegate.application.campaigns import begin_campaign, plan_campaign, read_config, rejoin_campaign, unfinished_campaign
from tunegate.application.jobs import gate_jobs
from tunegate.application.regions import refuse_if_elsewhere
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import RegionConfig
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.verdicts import Promote
from tunegate.installation import Installation
from tunegate.report.messages.route_words import may_pass
from tunegate.report.model import CampaignReport
from tunegate.report.page.index import page_name
from tunegate.report.terminal.progress import CampaignProgress, ProgressPlan
from tunegate.report.terminal.progress_display import ProgressDisplay
from tunegate.report.terminal.verdict_text import outcome_json, verdict_table


def run(config: str, overrides: tuple[str, ...], *, resume: bool, as_json: bool) -> int:
    """Run one campaign to its verdict and print it. Raises BadInput before anything is begun."""
    installation = Installation.from_environment()
    region = read_config(installation.registry, config, overrides)
    require_configured_server()
    with installation.region_lock(region.region), use_installation(installation):
        refuse_if_elsewhere(installation, region.region)
        plan = _resume(installation, region) if resume else asyncio.run(_begin(installation, region))
        try:
            with orchestration(installation.workspace.prefect_home, _load_flows):
                report = _run_campaign(installation, config, overrides, plan)
        except KeyboardInterrupt:
            print_note(f"interrupted; nothing done is lost. To go on from here: {_resume_command(config, overrides)}")
            return EXIT_INTERRUPTED
    _show(report, installation.reports.location(page_name(report.campaign)), as_json=as_json)
    return EXIT_OK


def _resume(installation: Installation, region: RegionConfig) -> CampaignPlan:
    return rejoin_campaign(installation, unfinished_campaign(installation, region))


async def _begin(installation: Installation, region: RegionConfig) -> CampaignPlan:
    draft = await plan_campaign(installation, region)
    return await begin_campaign(installation, draft, installation.clock.now())


def _resume_command(config: str, overrides: tuple[str, ...]) -> str:
    return shlex.join([_as_called(), "retune", config, *(word for each in overrides for word in ("--set", each)), "--resume"])


def _load_flows() -> None:
    import_module("flows.retune")


async def _run_flow(config: str, overrides: tuple[str, ...], campaign: str) -> CampaignReport:
    """Run the flow, wait until its log lines have reached the server, and return its report."""
    from prefect.logging.handlers import APILogHandler  # noqa: PLC0415 - as below

    from flows.retune import retune  # noqa: PLC0415 - Prefect reads its settings when it is imported

    try:
        report = await retune(config, overrides=overrides, campaign=campaign)
        if not isinstance(report, CampaignReport):
            raise TypeError(f"only a scheduled run may be skipped, but this one ended as {report}")
        return report
    finally:
        await APILogHandler.aflush()


def _run_campaign(installation: Installation, config: str, overrides: tuple[str, ...], plan: CampaignPlan) -> CampaignReport:
    with ProgressDisplay(_progress(plan)) as display, installation.progress.listening(plan.campaign, display.handle):
        return asyncio.run(_run_flow(config, overrides, plan.campaign))


def _progress(plan: CampaignPlan) -> CampaignProgress:
    search, production = plan.config.search, plan.production
    arms_confirmed = 1 + search.confirm_top
    confirmation = (*plan.confirmation_requests("", production), *plan.confirmation_stress_requests("", production).values())
    gate = [request for job in gate_jobs(plan, production) for request in job.requests]
    work = ProgressPlan(
        trial_budget=search.trials,
        days_per_trial=_days(plan.trial_requests(1, production)),
        confirmation_days=arms_confirmed * _days(confirmation),
        gate_days=_days(gate),
        workers=search.workers,
    )
    return CampaignProgress(plan.region, work, time.monotonic())


def _days(requests: Iterable[SimulationRequest]) -> int:
    return sum(len(request.days) * len(request.seeds) for request in requests)


def _next_steps(report: CampaignReport, path: str) -> list[tuple[str, str]]:
    """Commands that make sense now, and what each does."""
    record, tunegate = report.provenance.record_digest, _as_called()
    steps = [(f"open {path}", "the report: what was found, how sure it is, and what would change it")]
    if record is not None:
        verdict = record.removeprefix("sha256:")[:12]
        if report.routes is not None:
            steps += [(f"{tunegate} routes {verdict}", "what drivers would be told, in numbers; the map is beside the report")]
        promoted = report.gate is not None and isinstance(report.gate.judgement.verdict, Promote)
        if promoted and not report.exploratory and may_pass(report.routes):
            if report.approval_page is not None:
                steps += [(f"open {report.approval_page}", "approve or decline there: the run waits for you, press Resume")]
            else:
                steps += [(f"{tunegate} up --ask {verdict}", "approve or decline in a browser, with everything a team has")]
            steps += [(f"{tunegate} approve {verdict} --approver NAME --reason TEXT", "let it into production, if you may")]
        steps += [(f"{tunegate} verdict replay {verdict}", "compute the verdict again from the stored days, bit for bit")]
        steps += [(f"{tunegate} ledger {report.region}", "what the test days of this region have been used for")]
    return steps


def _as_called() -> str:
    """The program as it was called, so that printed commands can be typed."""
    called = Path(sys.argv[0])
    return "tunegate" if shutil.which("tunegate") else str(called) if called.name == "tunegate" else "python -m cli.main"


def _show(report: CampaignReport, path: str, *, as_json: bool) -> None:
    """Print the verdict: a table for people, or one line of JSON for programs."""
    if as_json:
        print_line(json.dumps(outcome_json(report, path)))
        return
    console = Console()
    console.print(verdict_table(report, path))
    console.print("Next")
    for command, words in _next_steps(report, path):
        console.print(f"  {command}", soft_wrap=True, highlight=False, markup=False)
        console.print(f"      {words}", style="dim")
