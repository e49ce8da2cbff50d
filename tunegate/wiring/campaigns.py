"""Campaigns: planned, entered into the book, found again; their cities and studies."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import assert_never

from tunegate.adapters.optuna.study import SearchStudy
from tunegate.adapters.simulator.city_import import CityImporter
from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits, SubprocessSimulator
from tunegate.config.against_simulator import config_faults, day_faults
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import Bundled, CityFolder, CitySource, RegionConfig
from tunegate.config.rules import broken_rules
from tunegate.config.start import newest_finished, start_points
from tunegate.config.workspace import person
from tunegate.domain.errors import BadInput, DaysMissing, Fault
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus
from tunegate.wiring.places import analytics, clock, stores, workspace

REQUESTER = "requested_by"  # beside the plan in a campaign's document: who began it


def region_config(path: str | Path, overrides: tuple[str, ...]) -> RegionConfig:
    """A region file with what the region's current release runs in place of `production`. Raises BadInput."""
    config = load_region(path, overrides)
    current = stores().registry.current(config.region)
    if current is None:
        return config
    running = config.running(current.parameters)
    place = f"registry of {config.region}, version {current.version}"
    faults = [
        Fault("production must be what the registry says once there is a release", override, place, "Leave it out.")
        for override in overrides
        if override.partition("=")[0].split(".")[0].strip() == "production"
    ]
    misfits = broken_rules(running.sections.model_dump())
    faults += [Fault(fault.rule, f"{fault.value} in what runs now", place, fault.remedy) for _, fault in misfits]
    if faults:
        raise BadInput(*faults)
    return running


async def plan_region(path: str | Path, overrides: tuple[str, ...], campaign: str) -> CampaignPlan:
    """Everything a campaign of this configuration needs, checked against its simulator and city.

    Raises BadInput with every fault that can be seen together, SimulationFailed when the simulator gives no description.
    """
    config = region_config(path, overrides)
    simulator = SubprocessSimulator(config.command, process_limits(config))
    city = await _city_for_requests(config, simulator)
    description = await simulator.describe(city)
    faults = config_faults(config, description)
    if faults:
        raise (DaysMissing if set(faults) <= set(day_faults(config, description)) else BadInput)(*faults)
    return CampaignPlan.of(campaign, config, city, description)


async def begin_campaign(path: str | Path, overrides: tuple[str, ...], due: datetime) -> CampaignPlan:
    """Enter a new campaign into the book, named after its region and the time it was due. Raises as `plan_region`.

    The book is what every process that works on the campaign reads its plan from.
    """
    draft = await plan_region(path, overrides, "draft")
    await asyncio.to_thread(analytics().check)
    book = stores().campaigns
    others = [row for region in draft.config.search.start_from if (row := newest_finished(book, region)) is not None]
    made = replace(draft, campaign=campaign_name(draft.region, due), start=start_points(draft.config, others))
    document = {**made.as_document(), REQUESTER: person()}
    row = CampaignRow(made.campaign, made.region, document, made.config.digest, clock().now())
    book.start(row)  # Joins a campaign of this name, and refuses when that has another configuration.
    return plan(made.campaign)


def campaign_name(region: str, due: datetime) -> str:
    """How a campaign of a region is called whose run was due then."""
    return f"{region}-{due.astimezone(UTC):%Y%m%d-%H%M%S}"


def rejoin_campaign(campaign: str) -> CampaignPlan:
    """Take up a campaign of the book, also one that failed. Raises BadInput when there is none of this id."""
    known = plan(campaign)
    analytics().check()
    row = stores().campaigns.find(campaign)
    if row is not None:
        stores().campaigns.start(row)
    return known


def unfinished_campaign(region: str, config_digest: str) -> str:
    """The region's newest campaign if it did not finish. Raises BadInput when there is none, or its configuration differs."""
    newest = next(iter(stores().campaigns.of_region(region)), None)
    place = str(workspace().root)
    if newest is None or newest.status is CampaignStatus.FINISHED:
        found = "none" if newest is None else f"{newest.id}, which finished"
        rule = f"a campaign of {region} that did not finish must be there to resume"
        raise BadInput(Fault(rule, found, place, "Begin a new one without --resume."))
    if newest.config_digest != config_digest:
        rule = "a campaign resumes only with the configuration it began with"
        raise BadInput(Fault(rule, f"another one than that of {newest.id}", place, "Undo the change, or begin a new campaign."))
    return newest.id


@cache
def plan(campaign: str) -> CampaignPlan:
    """The plan of a campaign in the book. Raises BadInput when there is none of this id."""
    row = stores().campaigns.find(campaign)
    if row is None:
        raise BadInput(
            Fault("a campaign must be in the book", campaign, str(workspace().root), "Begin it with `tunegate retune CONFIG`.")
        )
    return CampaignPlan.from_document(campaign, row.config)


_imported: set[str] = set()


async def city_at_hand(campaign: str) -> None:
    """Have the campaign's city on this machine: a pod that simulates is not where the campaign began.

    Raises BadInput when the raw data are not here, or are others.
    """
    known = plan(campaign)
    if known.city_source is None or campaign in _imported:
        return
    made_by = f"{known.description.name} {known.description.version}"
    imported = await CityImporter(known.config.command, made_by, workspace().cities).city_of(
        known.region, Path(known.city_source)
    )
    if str(imported.folder) != known.city:
        rule = "every machine of a campaign must make the city it began with"
        remedy = "Give all of them the same data, simulator and TUNEGATE_HOME, or begin a new campaign."
        raise BadInput(Fault(rule, f"{imported.folder}, not {known.city}", known.city_source, remedy))
    _imported.add(campaign)


@cache
def study(campaign: str) -> SearchStudy:
    """The study of a campaign, created or joined."""
    opened = plan(campaign)
    return SearchStudy.open(workspace().study_url(campaign), opened.study_definition, opened.config.budget)


def serve_studies(host: str, port: int) -> None:
    """Show every study of this installation in a browser, until the process ends."""
    from tunegate.adapters.optuna import dashboard as study_dashboard  # noqa: PLC0415 - a campaign needs no web server

    shared = workspace().shared_study_url
    if shared is None:
        study_dashboard.serve_folder(workspace().studies, host, port)
    else:
        study_dashboard.serve_database(shared, host, port)


def process_limits(config: RegionConfig) -> ProcessLimits:
    """What a region's simulators may take."""
    return ProcessLimits(answer_timeout_s=config.simulator.answer_timeout_s)


async def _city_for_requests(config: RegionConfig, simulator: SubprocessSimulator) -> str:
    """The city as requests name it; raw data is imported into the workspace on first use."""
    match config.city:
        case Bundled(name):
            return name
        case CityFolder(path):
            return str(path)
        case CitySource(source):
            described = await simulator.describe()
            importer = CityImporter(config.command, f"{described.name} {described.version}", workspace().cities)
            return str((await importer.city_of(config.region, source)).folder)
        case _:
            assert_never(config.city)
