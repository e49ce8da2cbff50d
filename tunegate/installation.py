"""The one place where adapters are chosen and built, from settings that are read once.

An `Installation` is built once per process and passed on. It builds and holds; what is done with its parts is in `application`.
A test builds another one, on another folder or with other parts, and nothing has to be cleared between two of them.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from tunegate.adapters.local.clock import SystemClock
from tunegate.adapters.local.no_analytics import NoAnalytics
from tunegate.adapters.local.report_store import FileReportStore
from tunegate.config.locations import Bucket, Dataset, Folder
from tunegate.config.workspace import Workspace
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.observation_sources import ObservationFolder, ObservationTable, ObservationView
from tunegate.report.terminal.progress_listeners import ProgressListeners

# Optuna, SQLAlchemy and cloud clients take up to a second to import, and most commands need few of them. Ports are needed
# for annotations only.
if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tunegate.adapters.google.bigquery_dataset import BigQueryDataset
    from tunegate.adapters.google.gcs_objects import GcsObjects
    from tunegate.adapters.simulator.city_import import CityImporter
    from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits
    from tunegate.config.plan import CampaignPlan
    from tunegate.config.region import RegionConfig
    from tunegate.ports.analytics import Analytics
    from tunegate.ports.campaign_store import CampaignStore
    from tunegate.ports.clock import Clock
    from tunegate.ports.experiments import ExperimentRecords
    from tunegate.ports.leases import Leases
    from tunegate.ports.observations import Observations
    from tunegate.ports.publisher import Publisher
    from tunegate.ports.records import Ledger, RouteChecks, VerdictRecords
    from tunegate.ports.registry import Registry
    from tunegate.ports.report_store import ReportStore
    from tunegate.ports.results import ResultsStore
    from tunegate.ports.simulator import Simulator, SimulatorPool
    from tunegate.ports.study import Study

LONGEST_HOLDER = 200


class Installation:
    """The parts of one installation, each built when it is first used and kept as long as this object.

    `clock` and `publisher` replace the parts that would be built. With `create` False a database that is not there reads as an
    empty one and stays absent: commands that only read leave no trace.
    """

    def __init__(
        self, workspace: Workspace, *, clock: Clock | None = None, publisher: Publisher | None = None, create: bool = True
    ) -> None:
        self.workspace = workspace
        self._create = create
        self.clock = SystemClock() if clock is None else clock
        self.progress = ProgressListeners()
        self.imported_cities: set[str] = set()  # campaigns whose city is on this machine
        self._publisher = publisher
        self._plans: dict[str, CampaignPlan] = {}
        self._studies: dict[str, Study] = {}
        self._pools: dict[str, SimulatorPool] = {}
        self._held_regions: set[str] = set()

    @classmethod
    def from_environment(cls, *, create: bool = True) -> Installation:
        """The installation that the environment describes. Raises BadInput."""
        return cls(Workspace.from_environment(), create=create)

    @cached_property
    def campaigns(self) -> CampaignStore:
        """One row for each campaign. Raises BadInput when the database does not open, as every store does."""
        from tunegate.adapters.sql.campaigns import SqlCampaignStore  # noqa: PLC0415 - slow to import

        return SqlCampaignStore(self._engine)

    @cached_property
    def results(self) -> ResultsStore:
        """Answers of simulators."""
        dataset = self.workspace.dataset
        if dataset is None:
            from tunegate.adapters.sql.results import SqlResultsStore  # noqa: PLC0415 - slow to import

            return SqlResultsStore(self._engine)
        with _cloud_client(dataset):
            from tunegate.adapters.google.bigquery_results import BigQueryResultsStore  # noqa: PLC0415 - one machine does without
        return BigQueryResultsStore(self._bigquery(dataset))

    @cached_property
    def verdicts(self) -> VerdictRecords:
        """Records of verdicts."""
        from tunegate.adapters.sql.records import SqlVerdictRecords  # noqa: PLC0415 - slow to import

        return SqlVerdictRecords(self._engine)

    @cached_property
    def ledger(self) -> Ledger:
        """Uses of test periods."""
        from tunegate.adapters.sql.records import SqlLedger  # noqa: PLC0415 - slow to import

        return SqlLedger(self._engine)

    @cached_property
    def registry(self) -> Registry:
        """Releases and decisions."""
        from tunegate.adapters.sql.registry import SqlRegistry  # noqa: PLC0415 - slow to import

        return SqlRegistry(self._engine)

    @cached_property
    def experiments(self) -> ExperimentRecords:
        """What was seen of each experiment and what came of it."""
        from tunegate.adapters.sql.experiments import SqlExperimentRecords  # noqa: PLC0415 - slow to import

        return SqlExperimentRecords(self._engine)

    def observations(self, config: RegionConfig) -> Observations:
        """Where the street of a region reports. Raises BadInput where its file names no place, or one that cannot be opened."""
        match config.observations:
            case ObservationFolder(path):
                from tunegate.adapters.local.observation_folder import (  # noqa: PLC0415 - slow to import
                    ObservationFolderReader,
                )

                return ObservationFolderReader(path)
            case ObservationTable(url_variable, table):
                from tunegate.adapters.sql.observations import ObservationTableReader  # noqa: PLC0415 - slow to import

                return ObservationTableReader(_url_of(url_variable), table)
            case ObservationView(project, dataset, table):
                with _cloud_client(Dataset(project, dataset)):
                    from tunegate.adapters.google.bigquery_observations import (  # noqa: PLC0415 - one machine does without
                        open_observations,
                    )
                return open_observations(project, dataset, table)
            case None:
                rule, remedy = "a region on the street must say where it reports", "Add rollout_plan.observations to its file."
                raise BadInput(Fault(rule, "nothing", str(config.file), remedy))

    @cached_property
    def leases(self) -> Leases:
        """Which runs and regions are held, by one clock for all machines."""
        from tunegate.adapters.sql.leases import SqlLeases  # noqa: PLC0415 - slow to import

        return SqlLeases(self._engine)

    @cached_property
    def route_checks(self) -> RouteChecks:
        """Route checks of verdicts."""
        from tunegate.adapters.sql.route_checks import SqlRouteChecks  # noqa: PLC0415 - slow to import

        return SqlRouteChecks(self._engine)

    @cached_property
    def analytics(self) -> Analytics:
        """Where analysts look. Raises BadInput when its client is not installed."""
        dataset = self.workspace.dataset
        if dataset is None:
            return NoAnalytics()
        with _cloud_client(dataset):
            from tunegate.adapters.google.bigquery_analytics import BigQueryAnalytics  # noqa: PLC0415 - one machine does without
        return BigQueryAnalytics(self._bigquery(dataset))

    @cached_property
    def publisher(self) -> Publisher:
        """Where production reads. Raises BadInput for a bucket whose client, or credentials for it, are missing."""
        if self._publisher is not None:
            return self._publisher
        match self.workspace.published:
            case Folder(path):
                from tunegate.adapters.local.publisher import FilePublisher  # noqa: PLC0415 - slow to import

                return FilePublisher(path)
            case Bucket() as bucket:
                with _cloud_client(bucket):
                    from tunegate.adapters.google.gcs_publisher import GcsPublisher  # noqa: PLC0415 - one machine does without
                return GcsPublisher(_objects(bucket, "application/json"))

    @cached_property
    def reports(self) -> ReportStore:
        """Where people find reports. Raises as `publisher`."""
        match self.workspace.reports:
            case Folder(path):
                return FileReportStore(path, self.workspace.reports_web)
            case Bucket() as bucket:
                with _cloud_client(bucket):
                    from tunegate.adapters.google.gcs_report_store import GcsReportStore  # noqa: PLC0415 - one machine does without
                return GcsReportStore(_objects(bucket, "text/html; charset=utf-8"))

    def plan(self, campaign: str) -> CampaignPlan:
        """The plan of a stored campaign; it never changes. Raises BadInput when there is none of this id."""
        from tunegate.config.plan import CampaignPlan  # noqa: PLC0415 - slow to import

        if campaign not in self._plans:
            row = self.campaigns.find(campaign)
            if row is None:
                rule, remedy = "a campaign must have been begun", "Begin it with `tunegate retune CONFIG`."
                raise BadInput(Fault(rule, campaign, str(self.workspace.root), remedy))
            self._plans[campaign] = CampaignPlan.from_document(campaign, row.config)
        return self._plans[campaign]

    def study(self, campaign: str) -> Study:
        """The study of a campaign, created or joined. Raises BadInput when it began under another definition."""
        from tunegate.adapters.optuna.study import SearchStudy  # noqa: PLC0415 - slow to import

        if campaign not in self._studies:
            plan, url = self.plan(campaign), self.workspace.study_url(campaign)
            self._studies[campaign] = SearchStudy.open(url, plan.study_definition, plan.config.budget)
        return self._studies[campaign]

    def simulator(self, config: RegionConfig) -> Simulator:
        """A simulator of a region to ask for its description, which is a process of its own: nothing has to be closed."""
        from tunegate.adapters.simulator.subprocess_simulator import SubprocessSimulator  # noqa: PLC0415 - slow to import

        return SubprocessSimulator(config.command, _process_limits(config))

    def city_importer(self, config: RegionConfig, made_by: str) -> CityImporter:
        """What makes a region's city from raw data; `made_by` is the name and version of its simulator."""
        from tunegate.adapters.simulator.city_import import CityImporter  # noqa: PLC0415 - slow to import

        return CityImporter(config.command, made_by, self.workspace.cities)

    def simulator_pool(self, config: RegionConfig) -> SimulatorPool:
        """New simulators of a region, as many as it has workers, each started when first needed. Whoever asks closes them."""
        from tunegate.adapters.simulator.pool import SubprocessSimulatorPool  # noqa: PLC0415 - slow to import

        return SubprocessSimulatorPool(config.command, config.search.workers, _process_limits(config))

    def simulators(self, campaign: str) -> SimulatorPool:
        """The warm simulators of a campaign in this process; they belong to the event loop that uses them first."""
        if campaign not in self._pools:
            self._pools[campaign] = self.simulator_pool(self.plan(campaign).config)
        return self._pools[campaign]

    async def close_simulators(self, campaign: str) -> None:
        """Stop the campaign's simulators in this process; a later `simulators` starts new ones."""
        pool = self._pools.pop(campaign, None)
        if pool is not None:
            await pool.close()

    @contextmanager
    def region_lock(self, region: str) -> Iterator[None]:
        """Keep other campaigns of the region from running on this machine inside `with`. Raises RegionBusy when one runs.

        Who holds the lock may take it once more: `tunegate retune` holds it around a flow that takes it, too.
        """
        if region in self._held_regions:
            yield
            return
        from tunegate.adapters.local.region_lock import exclusive  # noqa: PLC0415 - loads asyncio

        with exclusive(self.workspace.region_lock(region), region):
            self._held_regions.add(region)
            try:
                yield
            finally:
                self._held_regions.remove(region)

    @property
    def lease_holder(self) -> str:
        """The name under which this installation holds the leases of regions; `region_lock` tells its processes apart."""
        return f"{socket.gethostname()}:{self.workspace.root}"[:LONGEST_HOLDER]

    @cached_property
    def _engine(self) -> Engine:
        from tunegate.adapters.sql.database import open_database  # noqa: PLC0415 - slow to import

        return open_database(self.workspace.database_url, create=self._create)

    def _bigquery(self, dataset: Dataset) -> BigQueryDataset:
        from tunegate.adapters.google.bigquery_dataset import BigQueryDataset  # noqa: PLC0415 - one machine does without

        return BigQueryDataset(dataset.project, dataset.name)


def _url_of(variable: str) -> str:
    url = os.environ.get(variable, "").strip()
    if not url:
        rule, remedy = "the database of observations must be named", f"Set {variable} to its SQLAlchemy URL."
        raise BadInput(Fault(rule, "nothing", variable, remedy))
    return url


def _process_limits(config: RegionConfig) -> ProcessLimits:
    from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits  # noqa: PLC0415 - slow to import

    return ProcessLimits(answer_timeout_s=config.simulator.answer_timeout_s)


@contextmanager
def _cloud_client(place: Bucket | Dataset) -> Iterator[None]:
    """Import an adapter of Google Cloud inside `with`. Raises BadInput where its client is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        rule, remedy = "a place on Google Cloud needs its client", "Install tunegate with its extra `team`."
        raise BadInput(Fault(rule, f"no module {error.name}", str(place), remedy)) from error


def _objects(bucket: Bucket, content_type: str) -> GcsObjects:
    with _cloud_client(bucket):
        from tunegate.adapters.google.gcs_objects import GcsObjects  # noqa: PLC0415 - one machine does without
    return GcsObjects(bucket.name, bucket.prefix, content_type)
