"""The route check of a candidate: drawn, compared, stored."""

from __future__ import annotations

import asyncio

from prefect import task

from orchestration.installation_context import current_installation
from orchestration.task_options import EFFECT, SIMULATION
from tunegate.application import routes
from tunegate.application.jobs import RoutesJob
from tunegate.application.routes import DrawnRoutes
from tunegate.gate.routes.check import NotChecked
from tunegate.report.model import RouteReport


@task(**SIMULATION)
async def draw_routes(job: RoutesJob) -> DrawnRoutes:
    """Draw the routes of both arms on every day of the check. Raises SimulationFailed."""
    return await routes.draw_routes(current_installation(), job.campaign, job.candidate)


@task(**EFFECT)
async def store_route_check(job: RoutesJob, drawn: DrawnRoutes | NotChecked) -> RouteReport:
    """Compare the arms, store the findings under the verdict's digest, and put the map beside the report.

    Routes that a simulator offers and could not draw are no finding: nothing is stored, and a resumed campaign tries again.
    """
    return await asyncio.to_thread(routes.store_route_check, current_installation(), job, drawn)
