"""The routes of both arms: drawing them, comparing them, and keeping what was found beside the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prefect import task

from orchestration.task_options import EFFECT
from tasks.simulation.simulate import RETRY_DELAY_S, may_pass, refuse_another_world
from tasks.verdict.evaluation import Judged
from tunegate import __version__, wiring
from tunegate.config.plan import CampaignPlan
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.parameters import Parameters
from tunegate.domain.routes import RoutesAnswer, RoutesRequest
from tunegate.domain.verdicts import Invalid
from tunegate.gate.routes.check import DrawnDay, NotChecked, RouteFindings, check_routes
from tunegate.gate.routes.policy import RoutePolicy
from tunegate.gate.routes.record import RouteDocument, request_digests, routes_digests, simulator_of
from tunegate.gate.verdict_document import ArmDigests
from tunegate.report.model import RouteReport
from tunegate.report.page.index import page_name, route_map_name
from tunegate.report.page.route_map import RouteMap, render_route_map

NOT_OFFERED = "the simulator draws no routes"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The routes of both arms, day by day."""

    days: tuple[DrawnDay, ...]


def route_arguments(plan: CampaignPlan, judged: Judged | None) -> dict[str, Any] | None:
    """The arguments of a `routes` run; None where there is nothing to look at: no candidate, no numbers, or nobody asks."""
    if judged is None or plan.config.routes is None or isinstance(judged.judgement.verdict, Invalid):
        return None
    return {
        "region": plan.region,
        "campaign": plan.campaign,
        "candidate": dict(judged.candidate),
        "verdict": judged.record_digest,
        "attempts": plan.config.search.attempts_per_trial,
    }


async def drawn_routes(campaign: str, candidate: Parameters, attempts: int) -> Drawn | NotChecked:
    """The routes of both arms, or why there are none: a failure is no pass. `attempts` are for failures that may pass."""
    if not wiring.plan(campaign).description.routes:
        return NotChecked(NOT_OFFERED)
    try:
        return await draw_routes.with_options(retries=attempts - 1)(campaign, candidate)
    except SimulationFailed as error:
        return NotChecked(f"the routes could not be drawn: {error.fault.rule}, but got {error.fault.value}")


@task(retry_condition_fn=may_pass, retry_delay_seconds=RETRY_DELAY_S, **EFFECT)
async def draw_routes(campaign: str, candidate: Parameters) -> Drawn:
    """Draw the routes of both arms on every day of the check. Raises SimulationFailed."""
    plan = wiring.plan(campaign)
    await wiring.city_at_hand(campaign)
    asked = plan.route_requests(candidate)
    answers = await asyncio.gather(*(_drawn(campaign, request) for day in asked for request in day))
    pairs = zip(asked, answers[0::2], answers[1::2], strict=True)
    return Drawn(tuple(DrawnDay(request.day, production, other) for (request, _), production, other in pairs))


async def _drawn(campaign: str, request: RoutesRequest) -> RoutesAnswer:
    async with wiring.simulators(campaign).lease() as simulator:
        answer = await simulator.draw_routes(request)
    refuse_another_world(campaign, answer)
    return answer


@task(**EFFECT)
async def keep_route_check(campaign: str, candidate: Parameters, verdict: str, drawn: Drawn | NotChecked) -> RouteReport:
    """Compare the arms, keep what was found under the verdict's digest, and have the map beside the report.

    Routes that a simulator offers and could not draw are no finding: nothing is kept, and a resumed campaign tries again.
    """
    return await asyncio.to_thread(_keep, wiring.plan(campaign), candidate, verdict, drawn)


def _keep(plan: CampaignPlan, candidate: Parameters, verdict: str, drawn: Drawn | NotChecked) -> RouteReport:
    routes = plan.config.routes
    if routes is None:
        raise LookupError(f"campaign {plan.campaign} asks for no routes")
    days = drawn.days if isinstance(drawn, Drawn) else ()
    findings = check_routes(days, routes.policy) if isinstance(drawn, Drawn) else RouteFindings(drawn)
    if isinstance(drawn, Drawn) or drawn.reason == NOT_OFFERED:
        _save(plan, candidate, verdict, routes.policy, days=days, findings=findings)
    report = RouteReport(findings, routes.policy, _in_words(plan, days))
    return _with_map(plan, report, days) if findings.pairs else report


def _save(
    plan: CampaignPlan,
    candidate: Parameters,
    verdict: str,
    policy: RoutePolicy,
    *,
    days: Sequence[DrawnDay],
    findings: RouteFindings,
) -> None:
    commit = wiring.git_commit()
    version = __version__ if commit is None else f"{__version__} {commit}"
    document = RouteDocument(
        verdict=verdict,
        region=plan.region,
        campaign=plan.campaign,
        parameter_digests=ArmDigests(plan.production.digest, candidate.digest),
        code_version=version,
        simulator=simulator_of(days),
        policy=policy,
        request_digests=request_digests(plan.route_requests(candidate)),
        routes_digests=routes_digests(days),
        findings=findings,
    )
    wiring.stores().route_checks.save(verdict, document.as_json(), wiring.clock().now())


def _with_map(plan: CampaignPlan, report: RouteReport, days: Sequence[DrawnDay]) -> RouteReport:
    shelf, name = wiring.reports(), route_map_name(plan.campaign)
    shown = RouteMap(plan.region, plan.campaign, report, days, report_href=shelf.link(page_name(plan.campaign)))
    shelf.put(name, render_route_map(shown))
    return RouteReport(report.findings, report.policy, report.drawn, map_href=shelf.link(name))


def _in_words(plan: CampaignPlan, days: Sequence[DrawnDay]) -> str:
    """Which routes were drawn."""
    routes = plan.config.routes
    if routes is None or not days:
        return "no routes"
    hours = ", ".join(f"{hour:02d}:00" for hour in sorted(routes.hours))
    starts, count = routes.starts + len(routes.places), sum(len(day.production.routes) for day in days)
    dates = " and ".join(day.day.isoformat() for day in days)
    return f"{count} routes of {routes.duration_min} minutes for each arm: {starts} starts at {hours} on {dates}"
