"""The route check: what drivers would be told with the candidate, beside what production tells them."""

from __future__ import annotations

from prefect import flow

from orchestration.progress_events import announce_phase
from tasks.verdict.routes import drawn_routes, keep_route_check
from tunegate.domain.parameters import Parameters
from tunegate.report.model import RouteReport
from tunegate.report.terminal.progress import CampaignPhase


@flow(flow_run_name="{region}/routes")
async def routes(*, region: str, campaign: str, candidate: dict[str, float], verdict: str, attempts: int) -> RouteReport:
    """Draw the routes of production and candidate, compare them, and keep the check under the verdict's digest.

    Routes that could not be drawn make the check "not checked", which is no pass; nothing here raises for them.
    """
    announce_phase(campaign, CampaignPhase.ROUTES)
    parameters = Parameters(candidate)
    drawn = await drawn_routes(campaign, parameters, attempts)
    return await keep_route_check(campaign, parameters, verdict, drawn)
