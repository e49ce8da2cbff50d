"""Planning, beginning, resuming and closing campaigns."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tunegate.application.cities import city_for_requests
from tunegate.config.against_simulator import config_faults, day_faults
from tunegate.config.loading import load_region
from tunegate.config.plan import DRAFT, CampaignPlan
from tunegate.config.region import RegionConfig
from tunegate.config.reviewed import provenance_of
from tunegate.config.rules import broken_rules
from tunegate.config.start import BEST, best_first, newest_finished, start_points
from tunegate.domain.errors import BadInput, DaysMissing, Fault
from tunegate.domain.parameters import Parameters
from tunegate.installation import Installation
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus
from tunegate.ports.registry import Registry


def read_config(registry: Registry, path: str | Path, overrides: tuple[str, ...]) -> RegionConfig:
    """A region's file with the parameters of its current release in place of `production`. Raises BadInput."""
    config = load_region(path, overrides)
    current = registry.current(config.region)
    if current is None:
        return config
    running = config.running(current.parameters)
    place = f"registry of {config.region}, version {current.version}"
    faults = [
        Fault("production must be what the registry says once there is a release", override.text, place, "Leave it out.")
        for override in config.overrides
        if override.key[0] == "production"
    ]
    misfits = broken_rules(running.sections.model_dump())
    faults += [Fault(fault.rule, f"{fault.value} in what runs now", place, fault.remedy) for _, fault in misfits]
    if faults:
        raise BadInput(*faults)
    return running


async def plan_campaign(installation: Installation, config: RegionConfig, campaign: str = DRAFT) -> CampaignPlan:
    """The plan of a campaign of this configuration, checked against its simulator and city.

    Raises BadInput with every fault that can be seen together, SimulationFailed when the simulator gives no description.
    """
    simulator = installation.simulator(config)
    city = await city_for_requests(installation, config)
    description = await simulator.describe(city)
    faults = config_faults(config, description)
    if faults:
        raise (DaysMissing if set(faults) <= set(day_faults(config, description)) else BadInput)(*faults)
    return CampaignPlan.of(campaign, config, city, description)


async def begin_campaign(installation: Installation, draft: CampaignPlan, due: datetime) -> CampaignPlan:
    """Store a new campaign under the name of its region and the time it was due, with the points its search starts from.

    A campaign of this name is joined: the stored plan is returned. Raises RecordConflict when it has another configuration.
    """
    await asyncio.to_thread(installation.analytics.check)
    return await asyncio.to_thread(_begin, installation, draft, due)


def _begin(installation: Installation, draft: CampaignPlan, due: datetime) -> CampaignPlan:
    campaigns = installation.campaigns
    others = [row for region in draft.config.search.start_from if (row := newest_finished(campaigns, region)) is not None]
    plan = replace(
        draft,
        campaign=campaign_name(draft.region, due),
        start=start_points(draft.config, others),
        requested_by=installation.workspace.user,
        provenance=provenance_of(draft.config, installation.workspace.configs),
    )
    campaigns.start(CampaignRow(plan.campaign, plan.region, plan.as_document(), plan.config.digest, installation.clock.now()))
    return installation.plan(plan.campaign)


def campaign_name(region: str, due: datetime) -> str:
    """The name of a region's campaign whose run was due then."""
    return f"{region}-{due.astimezone(UTC):%Y%m%d-%H%M%S}"


def rejoin_campaign(installation: Installation, campaign: str) -> CampaignPlan:
    """Resume a stored campaign, also one that failed. Raises BadInput when there is none of this id."""
    plan = installation.plan(campaign)
    installation.analytics.check()
    installation.campaigns.start(find_campaign(installation, campaign))
    return plan


def find_campaign(installation: Installation, campaign: str) -> CampaignRow:
    """The row of a campaign whose plan was read before, so that it must be there."""
    row = installation.campaigns.find(campaign)
    if row is None:
        raise LookupError(f"campaign {campaign} is not stored")
    return row


def unfinished_campaign(installation: Installation, config: RegionConfig) -> str:
    """The region's newest campaign if it did not finish. Raises BadInput when there is none, or its configuration differs."""
    region, place = config.region, str(installation.workspace.root)
    newest = next(iter(installation.campaigns.of_region(region)), None)
    if newest is None or newest.status is CampaignStatus.FINISHED:
        found = "none" if newest is None else f"{newest.id}, which finished"
        rule = f"a campaign of {region} that did not finish must be there to resume"
        raise BadInput(Fault(rule, found, place, "Begin a new one without --resume."))
    if newest.config_digest != config.digest:
        rule = "a campaign resumes only with the configuration it began with"
        raise BadInput(Fault(rule, f"another one than that of {newest.id}", place, "Undo the change, or begin a new campaign."))
    return newest.id


def close_campaign(installation: Installation, campaign: str, outcome: Mapping[str, Any], candidate: Parameters | None) -> None:
    """Store the outcome of a finished campaign, with its best trials: other regions may start from them.

    A campaign that finished before stays as it is: nothing was repeated, and what it cost at first is what it cost.
    """
    if find_campaign(installation, campaign).status is CampaignStatus.FINISHED:
        return
    ranked = installation.study(campaign).top_k(installation.plan(campaign).config.search.confirm_top)
    kept = {**outcome, BEST: best_first(candidate, [trial.parameters for trial in ranked])}
    installation.campaigns.finish(campaign, CampaignStatus.FINISHED, kept, installation.clock.now())


def fail_campaign(installation: Installation, campaign: str, error: Exception) -> None:
    """Store that a campaign failed, and why."""
    reason = {"error": type(error).__name__, "reason": str(error)}
    installation.campaigns.finish(campaign, CampaignStatus.FAILED, reason, installation.clock.now())


def export_campaign(installation: Installation, campaign: str) -> None:
    """Copy the trials and verdicts of a campaign to where analysts look. Raises Outage and BadInput; safe to repeat."""
    row = find_campaign(installation, campaign)
    verdicts = [verdict for verdict in installation.verdicts.of_region(row.region) if verdict.campaign == campaign]
    installation.analytics.export(row, installation.study(campaign).trials(), verdicts)
