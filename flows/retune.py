"""One campaign of one region, from its configuration to a judged candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prefect import State, flow

from flows.confirm import confirm
from flows.gate import gate
from flows.routes import routes
from flows.tune import tune
from orchestration.campaign_run import campaign_run
from orchestration.progress_events import announce_phase
from orchestration.region_lock import Skip, acquire_region, end_skipped
from orchestration.search_progress import search_shown
from tasks.campaign.lifecycle import close_campaign, export_for_analysts, open_campaign, read_opening
from tasks.campaign.report import compose_report, notify_verdict, publish_report, refresh_index
from tasks.release.begin_rollout import begin_rollout
from tasks.verdict.judge import choose_candidate
from tunegate.application.jobs import gate_job
from tunegate.application.routes import routes_job
from tunegate.config.changes import AS_THE_FILE_SAYS, Changes
from tunegate.domain.placement import Placement
from tunegate.report.model import CampaignReport
from tunegate.report.terminal.progress import CampaignPhase


@flow
async def retune(
    config: str,
    changes: Changes = AS_THE_FILE_SAYS,
    overrides: Sequence[str] = (),
    campaign: str | None = None,
    placement: Placement = Placement.INLINE,
) -> CampaignReport | State[None]:
    """Tune a region, confirm the best, judge the candidate on held-out days, look at its routes, and report.

    Running it again for the same campaign repeats nothing that is done. A run that a schedule made is skipped, with its reason,
    when it could find nothing that counts. Raises BadInput, FailureBudgetSpent, SimulationFailed.

    Args:
        config: The region's file, below the folder the worker runs in.
        changes: What this campaign does otherwise than the file says.
        overrides: Everything else, as dotted.key=value, e.g. gate.seeds_per_day=8. They win over the changes above.
        campaign: A campaign to go on with, under the configuration it began with; empty: a new one.
        placement: How far it is spread over machines: `inline` in this run's process, `workers` or `pod` as runs of their own.
    """
    opening = await read_opening(config, (*changes.as_overrides(), *overrides), campaign)
    async with acquire_region(opening) as acquired:
        if isinstance(acquired, Skip):
            return await end_skipped(acquired)
        plan = await open_campaign(acquired)
        async with campaign_run(plan):
            async with search_shown(plan.campaign):
                await tune(plan.region, plan.campaign, plan.config.search.workers, placement)
            confirmed = await confirm(plan.region, plan.campaign, placement)
            candidate = await choose_candidate(confirmed)
            judged = None if candidate is None else await gate(gate_job(plan, candidate, placement))
            to_check = None if judged is None else routes_job(plan, judged)
            checked = None if to_check is None else await routes(to_check)
            announce_phase(plan.campaign, CampaignPhase.REPORT)
            report = await compose_report(plan.campaign, confirmed, judged, checked)
            outcome = await publish_report(report)
            await export_for_analysts(plan.campaign)
            await close_campaign(plan.campaign, outcome, candidate)
    await notify_verdict(report)
    await refresh_index()
    return replace(report, approval_page=await begin_rollout(report))
