"""The route check: draw the routes of both arms, compare them, and store what was found beside the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tunegate.application.cities import ensure_city
from tunegate.application.jobs import RoutesJob
from tunegate.application.simulation import check_same_world
from tunegate.application.verdicts import Judged, code_version
from tunegate.config.plan import CampaignPlan
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.parameters import Parameters
from tunegate.domain.routes import RoutesAnswer, RoutesRequest
from tunegate.domain.verdicts import Invalid
from tunegate.gate.routes.check import DrawnDay, NotChecked, RouteFindings, check_routes
from tunegate.gate.routes.policy import RoutePolicy
from tunegate.gate.routes.record import RouteDocument, request_digests, routes_digests, simulator_of
from tunegate.gate.verdict_document import ArmDigests
from tunegate.installation import Installation
from tunegate.report.model import RouteReport
from tunegate.report.page.index import page_name, route_map_name
from tunegate.report.page.route_map import RouteMap, render_route_map

NOT_OFFERED = NotChecked("the simulator draws no routes")


@dataclass(frozen=True, slots=True)
class DrawnRoutes:
    """The routes of both arms, day by day."""

    days: tuple[DrawnDay, ...]


def routes_job(plan: CampaignPlan, judged: Judged) -> RoutesJob | None:
    """The route check that follows a verdict; None without numbers, or where the region asks for none."""
    if plan.config.routes is None or isinstance(judged.judgement.verdict, Invalid):
        return None
    return RoutesJob(
        region=plan.region,
        campaign=plan.campaign,
        candidate=judged.candidate,
        verdict=judged.record_digest,
        attempts=plan.config.search.attempts_per_trial,
    )


async def draw_routes(installation: Installation, campaign: str, candidate: Parameters) -> DrawnRoutes:
    """Draw the routes of both arms on every day of the check. Raises SimulationFailed."""
    plan = installation.plan(campaign)
    await ensure_city(installation, campaign)

    async def draw(request: RoutesRequest) -> RoutesAnswer:
        async with installation.simulators(campaign).lease() as simulator:
            answer = await simulator.draw_routes(request)
        check_same_world(plan, answer)
        return answer

    asked = plan.route_requests(candidate)
    answers = await asyncio.gather(*(draw(request) for day in asked for request in day))
    pairs = zip(asked, answers[0::2], answers[1::2], strict=True)
    return DrawnRoutes(tuple(DrawnDay(request.day, production, other) for (request, _), production, other in pairs))


def not_drawn(error: SimulationFailed) -> NotChecked:
    """The result of a check whose routes could not be drawn."""
    return NotChecked(f"the routes could not be drawn: {error.fault.rule}, but got {error.fault.value}")


def store_route_check(installation: Installation, job: RoutesJob, drawn: DrawnRoutes | NotChecked) -> RouteReport:
    """Compare the arms, store the findings under the verdict's digest, and put the map beside the report.

    Routes that a simulator offers and could not draw are no finding: nothing is stored, and a resumed campaign tries again.
    """
    plan = installation.plan(job.campaign)
    routes = plan.config.routes
    if routes is None:
        raise LookupError(f"campaign {plan.campaign} asks for no routes")
    days = drawn.days if isinstance(drawn, DrawnRoutes) else ()
    findings = check_routes(days, routes.policy) if isinstance(drawn, DrawnRoutes) else RouteFindings(drawn)
    if isinstance(drawn, DrawnRoutes) or drawn == NOT_OFFERED:
        document = _document(plan, job, routes.policy, days, findings)
        installation.route_checks.save(job.verdict, document.as_json(), installation.clock.now())
    report = RouteReport(findings, routes.policy, _description(plan, days))
    return _with_map(installation, plan, report, days) if findings.pairs else report


def _document(
    plan: CampaignPlan, job: RoutesJob, policy: RoutePolicy, days: Sequence[DrawnDay], findings: RouteFindings
) -> RouteDocument:
    return RouteDocument(
        verdict=job.verdict,
        region=plan.region,
        campaign=plan.campaign,
        parameter_digests=ArmDigests(plan.production.digest, job.candidate.digest),
        code_version=code_version(),
        simulator=simulator_of(days),
        policy=policy,
        request_digests=request_digests(plan.route_requests(job.candidate)),
        routes_digests=routes_digests(days),
        findings=findings,
    )


def _with_map(installation: Installation, plan: CampaignPlan, report: RouteReport, days: Sequence[DrawnDay]) -> RouteReport:
    reports, name = installation.reports, route_map_name(plan.campaign)
    shown = RouteMap(plan.region, plan.campaign, report, days, report_href=reports.link(page_name(plan.campaign)))
    reports.put(name, render_route_map(shown))
    return replace(report, map_href=reports.link(name))


def _description(plan: CampaignPlan, days: Sequence[DrawnDay]) -> str:
    """Which routes were drawn."""
    routes = plan.config.routes
    if routes is None or not days:
        return "no routes"
    hours = ", ".join(f"{hour:02d}:00" for hour in sorted(routes.hours))
    starts, count = routes.starts + len(routes.places), sum(len(day.production.routes) for day in days)
    dates = " and ".join(day.day.isoformat() for day in days)
    return f"{count} routes of {routes.duration_min} minutes for each arm: {starts} starts at {hours} on {dates}"
