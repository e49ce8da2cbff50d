"""The only place where adapters are built and chosen. Everything is made once per process, when first needed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from tunegate.adapters.city_import import CityImporter
from tunegate.adapters.clock import SystemClock
from tunegate.adapters.file_publisher import FilePublisher
from tunegate.adapters.file_shelf import FileShelf
from tunegate.adapters.no_analytics import NoAnalytics
from tunegate.adapters.region_lock import exclusive
from tunegate.adapters.simulator_pool import SubprocessSimulatorPool
from tunegate.adapters.source_version import git_commit
from tunegate.adapters.sql_campaigns import SqlCampaignBook
from tunegate.adapters.sql_database import open_database
from tunegate.adapters.sql_leases import SqlLeases
from tunegate.adapters.sql_records import SqlLedger, SqlVerdictRecords
from tunegate.adapters.sql_registry import SqlRegistry
from tunegate.adapters.sql_results import SqlResultsStore
from tunegate.adapters.sql_route_checks import SqlRouteChecks
from tunegate.adapters.subprocess_simulator import ProcessLimits, SubprocessSimulator
from tunegate.config.against_simulator import config_faults, day_faults
from tunegate.config.loading import load_region
from tunegate.config.places import Bucket, Dataset, Folder
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import Bundled, CityFolder, CitySource, RegionConfig
from tunegate.config.rules import broken_rules
from tunegate.config.start import newest_finished, start_points
from tunegate.config.workspace import Workspace, person
from tunegate.domain.errors import BadInput, DaysMissing, Fault, RegionBusy
from tunegate.domain.parameters import Parameters
from tunegate.ports.analytics import Analytics
from tunegate.ports.campaigns import CampaignBook, CampaignRow, CampaignStatus
from tunegate.ports.clock import Clock
from tunegate.ports.leases import Leases
from tunegate.ports.publisher import Publisher
from tunegate.ports.records import Ledger, RouteChecks, VerdictRecords, VerdictRow
from tunegate.ports.registry import Registry
from tunegate.ports.results import ResultsStore
from tunegate.ports.shelf import ReportShelf
from tunegate.ports.simulator import SimulatorPool
from tunegate.release.routes import RoutesOnFile
from tunegate.release.rules import Case
from tunegate.release.steps import ReleaseDesk
from tunegate.report.progress import Event
from tunegate.search.study import SearchStudy

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tunegate.adapters.bigquery_dataset import BigQueryDataset
    from tunegate.adapters.gcs_objects import GcsObjects

Listener = Callable[[Event], None]

LONGEST_HOLDER = 200
REQUESTER = "requested_by"  # beside the plan in a campaign's document: who began it

__all__ = ["git_commit"]  # needs no building


@dataclass(frozen=True, slots=True)
class Stores:
    """What outlives a process."""

    campaigns: CampaignBook
    results: ResultsStore
    verdicts: VerdictRecords
    ledger: Ledger
    registry: Registry
    leases: Leases
    route_checks: RouteChecks


@cache
def workspace() -> Workspace:
    """Where this installation lives."""
    return Workspace.from_environment()


@cache
def clock() -> Clock:
    """The time of day."""
    return SystemClock()


@cache
def stores() -> Stores:
    """The databases of this installation. Raises BadInput when they do not open."""
    engine = open_database(workspace().database_url)
    records = SqlVerdictRecords(engine)
    campaigns, results, ledger = SqlCampaignBook(engine), _results(engine), SqlLedger(engine)
    return Stores(campaigns, results, records, ledger, SqlRegistry(engine), SqlLeases(engine), SqlRouteChecks(engine))


def _results(engine: Engine) -> ResultsStore:
    dataset = workspace().dataset
    if dataset is None:
        return SqlResultsStore(engine)
    with _cloud_client(dataset):
        from tunegate.adapters.bigquery_results import BigQueryResultsStore  # noqa: PLC0415 - one machine does without
    return BigQueryResultsStore(_bigquery(dataset))


@cache
def analytics() -> Analytics:
    """Where analysts look. Raises BadInput when we have no client for it."""
    dataset = workspace().dataset
    if dataset is None:
        return NoAnalytics()
    with _cloud_client(dataset):
        from tunegate.adapters.bigquery_analytics import BigQueryAnalytics  # noqa: PLC0415 - one machine does without
    return BigQueryAnalytics(_bigquery(dataset))


@cache
def _bigquery(dataset: Dataset) -> BigQueryDataset:
    from tunegate.adapters.bigquery_dataset import BigQueryDataset  # noqa: PLC0415 - one machine does without

    return BigQueryDataset(dataset.project, dataset.name)


@cache
def publisher() -> Publisher:
    """Where production reads. Raises BadInput for a bucket when we have no client, or no credentials, for it."""
    match workspace().published:
        case Folder(path):
            return FilePublisher(path)
        case Bucket() as bucket:
            with _cloud_client(bucket):
                from tunegate.adapters.gcs_publisher import GcsPublisher  # noqa: PLC0415 - one machine does without
            return GcsPublisher(_objects(bucket, "application/json"))


@cache
def reports() -> ReportShelf:
    """Where people find reports. Raises as `publisher`."""
    match workspace().reports:
        case Folder(path):
            return FileShelf(path, workspace().reports_web)
        case Bucket() as bucket:
            with _cloud_client(bucket):
                from tunegate.adapters.gcs_shelf import GcsShelf  # noqa: PLC0415 - one machine does without
            return GcsShelf(_objects(bucket, "text/html; charset=utf-8"))


@contextmanager
def _cloud_client(place: Bucket | Dataset) -> Iterator[None]:
    """Import an adapter that talks to Google Cloud inside `with`. Raises BadInput where the client is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        rule, remedy = "a place on Google Cloud needs its client", "Install tunegate with its extra `team`."
        raise BadInput(Fault(rule, f"no module {error.name}", str(place), remedy)) from error


def _objects(bucket: Bucket, content_type: str) -> GcsObjects:
    with _cloud_client(bucket):
        from tunegate.adapters.gcs_objects import GcsObjects  # noqa: PLC0415 - one machine does without
    return GcsObjects(bucket.name, bucket.prefix, content_type)


@cache
def release_desk() -> ReleaseDesk:
    """The one way into production."""
    return ReleaseDesk(stores().registry, publisher(), clock())


def release_case(verdict: VerdictRow) -> Case:
    """A verdict record with what its campaign says of who may release it. Raises BadInput when the campaign is not here."""
    judged = plan(verdict.campaign)
    row = stores().campaigns.find(verdict.campaign)
    requester = None if row is None else row.config.get(REQUESTER)
    return Case(
        document=verdict.document,
        kept_at=verdict.at,
        requester=requester if isinstance(requester, str) else None,
        policy=judged.config.release_policy,
        routes=_routes_on_file(judged, verdict.id),
        # As the file says now, without the overrides of the campaign: a gate against a straw man opens nothing.
        configured=load_region(judged.config.file).production,
        whole_numbers=frozenset(spec.name for spec in judged.description.parameters if spec.type == "int"),
    )


def _routes_on_file(judged: CampaignPlan, verdict: str) -> RoutesOnFile:
    routes = judged.config.routes
    kept = stores().route_checks.find(verdict)
    return RoutesOnFile(routes is not None and routes.required, None if kept is None else kept.document)


def live_production(known: CampaignPlan) -> Parameters:
    """What production runs at this moment: the region's current release, or before the first what the configuration says."""
    current = stores().registry.current(known.region)
    return known.production if current is None else current.parameters


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
    simulator = SubprocessSimulator(config.command, _limits(config))
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


_held: set[str] = set()


@contextmanager
def exclusive_region(region: str) -> Iterator[None]:
    """Keep other campaigns of the region from running on this machine inside `with`. Raises RegionBusy when one runs.

    A process that holds the region may hold it once more.
    """
    if region in _held:
        yield
        return
    with exclusive(workspace().region_lock(region), region):
        _held.add(region)
        try:
            yield
        finally:
            _held.remove(region)


def region_lease(region: str) -> str:
    """The lease that a campaign of the region holds while it runs, on whatever machine."""
    return f"region:{region}"


def region_holder() -> str:
    """What this installation is called in that lease; the lock above keeps its own processes apart."""
    return f"{socket.gethostname()}:{workspace().root}"[:LONGEST_HOLDER]


def refuse_if_elsewhere(region: str) -> None:
    """Raise RegionBusy when a campaign of the region runs on another machine."""
    holder = stores().leases.holder(region_lease(region))
    if holder not in {None, region_holder()}:
        rule, remedy = "one campaign of a region may run at a time", "Wait for it to end, or stop it."
        raise RegionBusy(Fault(rule, f"one of {region} that is running on {holder}", region_lease(region), remedy))


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
    from tunegate.adapters import study_dashboard  # noqa: PLC0415 - a campaign needs no web server

    shared = workspace().shared_study_url
    if shared is None:
        study_dashboard.serve_folder(workspace().studies, host, port)
    else:
        study_dashboard.serve_database(shared, host, port)


def simulator_pool(config: RegionConfig) -> SimulatorPool:
    """Simulators for a region, as many as it has workers, each started when first needed."""
    return SubprocessSimulatorPool(config.command, config.search.workers, _limits(config))


_pools: dict[str, SimulatorPool] = {}


def simulators(campaign: str) -> SimulatorPool:
    """Warm simulators for a campaign, started when first needed; they belong to the event loop that uses them first."""
    if campaign not in _pools:
        _pools[campaign] = simulator_pool(plan(campaign).config)
    return _pools[campaign]


async def close_simulators(campaign: str) -> None:
    """Stop the campaign's simulators in this process; a later `simulators` starts new ones."""
    pool = _pools.pop(campaign, None)
    if pool is not None:
        await pool.close()


_listeners: dict[str, list[Listener]] = {}


@contextmanager
def listening(campaign: str, listener: Listener) -> Iterator[None]:
    """Have `listener` called in this process for everything that happens in a campaign, inside `with`."""
    _listeners.setdefault(campaign, []).append(listener)
    try:
        yield
    finally:
        _listeners[campaign].remove(listener)


def announce(campaign: str, event: Event) -> None:
    """Tell those who listen in this process."""
    for listener in _listeners.get(campaign, ()):
        listener(event)


def has_listeners(campaign: str) -> bool:
    """Whether telling is worth the trouble."""
    return bool(_listeners.get(campaign))


def _limits(config: RegionConfig) -> ProcessLimits:
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
