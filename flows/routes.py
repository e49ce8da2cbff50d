"""The route check: what drivers would be told with the candidate, beside what production tells them."""

from __future__ import annotations

from prefect import flow

from orchestration.installation_context import current_installation
from orchestration.progress_events import announce_phase
from tasks.verdict.routes import draw_routes, store_route_check
from tunegate.application.jobs import RoutesJob
from tunegate.application.routes import NOT_OFFERED, not_drawn
from tunegate.domain.errors import SimulationFailed
from tunegate.report.model import RouteReport
from tunegate.report.terminal.progress import CampaignPhase


@flow(flow_run_name="{job.region}/routes")
async def routes(job: RoutesJob) -> RouteReport:
    """Draw the routes of production and candidate, compare them, and store the check under the verdict's digest.

    Routes that could not be drawn make the check "not checked", which is no pass; nothing here raises for them.
    """
    announce_phase(job.campaign, CampaignPhase.ROUTES)
    if not current_installation().plan(job.campaign).description.routes:
        return await store_route_check(job, NOT_OFFERED)
    try:
        drawn = await draw_routes.with_options(retries=job.attempts - 1)(job)
    except SimulationFailed as error:
        return await store_route_check(job, not_drawn(error))
    return await store_route_check(job, drawn)
