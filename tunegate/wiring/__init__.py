"""Old names of what moved to `tunegate.installation` and `tunegate.application`, until the last caller has moved as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.installation_context import current_installation
from tunegate.adapters.local.source_version import git_commit
from tunegate.application import campaigns, cities, regions
from tunegate.application.regions import region_lease
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import RegionConfig
from tunegate.config.workspace import Workspace
from tunegate.domain.parameters import Parameters
from tunegate.installation import Installation
from tunegate.ports.analytics import Analytics
from tunegate.ports.clock import Clock
from tunegate.ports.publisher import Publisher
from tunegate.ports.records import VerdictRow
from tunegate.ports.report_store import ReportStore
from tunegate.ports.simulator import SimulatorPool
from tunegate.ports.study import Study
from tunegate.release.routes import StoredRouteCheck
from tunegate.release.rules import ReleaseCandidate
from tunegate.release.service import ReleaseService
from tunegate.report.terminal.progress import Event
from tunegate.report.terminal.progress_listeners import Listener

__all__ = ["git_commit", "region_lease"]

REQUESTER = "requested_by"


def workspace() -> Workspace:
    """See the module."""
    return current_installation().workspace


def clock() -> Clock:
    """See the module."""
    return current_installation().clock


def stores() -> Installation:
    """See the module."""
    return current_installation()


def analytics() -> Analytics:
    """See the module."""
    return current_installation().analytics


def publisher() -> Publisher:
    """See the module."""
    return current_installation().publisher


def reports() -> ReportStore:
    """See the module."""
    return current_installation().reports


def plan(campaign: str) -> CampaignPlan:
    """See the module."""
    return current_installation().plan(campaign)


def study(campaign: str) -> Study:
    """See the module."""
    return current_installation().study(campaign)


def region_config(path: str | Path, overrides: tuple[str, ...]) -> RegionConfig:
    """See the module."""
    return campaigns.read_config(current_installation().registry, path, overrides)


async def plan_region(path: str | Path, overrides: tuple[str, ...], campaign: str) -> CampaignPlan:
    """See the module."""
    return await campaigns.plan_campaign(current_installation(), region_config(path, overrides), campaign)


async def begin_campaign(path: str | Path, overrides: tuple[str, ...], due: datetime) -> CampaignPlan:
    """See the module."""
    return await campaigns.begin_campaign(current_installation(), await plan_region(path, overrides, "draft"), due)


campaign_name = campaigns.campaign_name


def rejoin_campaign(campaign: str) -> CampaignPlan:
    """See the module."""
    return campaigns.rejoin_campaign(current_installation(), campaign)


def unfinished_campaign(region: str, config_digest: str) -> str:
    """See the module."""

    class Known:
        """The two facts of a configuration that are looked at."""

    known: Any = Known()
    known.region, known.digest = region, config_digest
    return campaigns.unfinished_campaign(current_installation(), known)


async def city_at_hand(campaign: str) -> None:
    """See the module."""
    await cities.ensure_city(current_installation(), campaign)


@contextmanager
def exclusive_region(region: str) -> Iterator[None]:
    """See the module."""
    with current_installation().region_lock(region):
        yield


def region_holder() -> str:
    """See the module."""
    return current_installation().lease_holder


def refuse_if_elsewhere(region: str) -> None:
    """See the module."""
    regions.refuse_if_elsewhere(current_installation(), region)


def release_service() -> ReleaseService:
    """The one way into production."""
    return ReleaseService(stores().registry, publisher(), clock())


def release_candidate(verdict: VerdictRow) -> ReleaseCandidate:
    """A verdict record with what its campaign says of who may release it. Raises BadInput when the campaign is not here."""
    judged = plan(verdict.campaign)
    return ReleaseCandidate(
        record=verdict.document,
        stored_at=verdict.at,
        requester=judged.requested_by,
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


def simulator_pool(config: RegionConfig) -> SimulatorPool:
    """See the module."""
    return current_installation().simulator_pool(config)


def simulators(campaign: str) -> SimulatorPool:
    """See the module."""
    return current_installation().simulators(campaign)


async def close_simulators(campaign: str) -> None:
    """See the module."""
    await current_installation().close_simulators(campaign)


@contextmanager
def listening(campaign: str, listener: Listener) -> Iterator[None]:
    """See the module."""
    with current_installation().progress.listening(campaign, listener):
        yield


def announce(campaign: str, event: Event) -> None:
    """See the module."""
    current_installation().progress.announce(campaign, event)


def has_listeners(campaign: str) -> bool:
    """See the module."""
    return current_installation().progress.has_listeners(campaign)
