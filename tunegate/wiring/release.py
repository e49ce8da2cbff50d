"""The one way into production, and what it goes by."""

from __future__ import annotations

from functools import cache

from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.domain.parameters import Parameters
from tunegate.ports.records import VerdictRow
from tunegate.release.routes import StoredRouteCheck
from tunegate.release.rules import ReleaseCandidate
from tunegate.release.service import ReleaseService
from tunegate.wiring.campaigns import REQUESTER, plan
from tunegate.wiring.places import clock, publisher, stores


@cache
def release_service() -> ReleaseService:
    """The one way into production."""
    return ReleaseService(stores().registry, publisher(), clock())


def release_candidate(verdict: VerdictRow) -> ReleaseCandidate:
    """A verdict record with what its campaign says of who may release it. Raises BadInput when the campaign is not here."""
    judged = plan(verdict.campaign)
    row = stores().campaigns.find(verdict.campaign)
    requester = None if row is None else row.config.get(REQUESTER)
    return ReleaseCandidate(
        record=verdict.document,
        stored_at=verdict.at,
        requester=requester if isinstance(requester, str) else None,
        policy=judged.config.release_policy,
        routes=_routes_on_file(judged, verdict.id),
        # As the file says now, without the overrides of the campaign: a gate against a straw man opens nothing.
        configured=load_region(judged.config.file).production,
        whole_numbers=frozenset(spec.name for spec in judged.description.parameters if spec.type == "int"),
    )


def _routes_on_file(judged: CampaignPlan, verdict: str) -> StoredRouteCheck:
    routes = judged.config.routes
    kept = stores().route_checks.find(verdict)
    return StoredRouteCheck(routes is not None and routes.required, None if kept is None else kept.document)


def live_production(known: CampaignPlan) -> Parameters:
    """What production runs at this moment: the region's current release, or before the first what the configuration says."""
    current = stores().registry.current(known.region)
    return known.production if current is None else current.parameters
