"""Where this installation keeps things: databases, results, published parameters, reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tunegate.adapters.local.clock import SystemClock
from tunegate.adapters.local.no_analytics import NoAnalytics
from tunegate.adapters.local.publisher import FilePublisher
from tunegate.adapters.local.report_store import FileReportStore
from tunegate.adapters.sql.campaigns import SqlCampaignStore
from tunegate.adapters.sql.database import open_database
from tunegate.adapters.sql.leases import SqlLeases
from tunegate.adapters.sql.records import SqlLedger, SqlVerdictRecords
from tunegate.adapters.sql.registry import SqlRegistry
from tunegate.adapters.sql.results import SqlResultsStore
from tunegate.adapters.sql.route_checks import SqlRouteChecks
from tunegate.config.locations import Bucket, Dataset, Folder
from tunegate.config.workspace import Workspace
from tunegate.domain.errors import BadInput, Fault
from tunegate.ports.analytics import Analytics
from tunegate.ports.campaign_store import CampaignStore
from tunegate.ports.clock import Clock
from tunegate.ports.leases import Leases
from tunegate.ports.publisher import Publisher
from tunegate.ports.records import Ledger, RouteChecks, VerdictRecords
from tunegate.ports.registry import Registry
from tunegate.ports.report_store import ReportStore
from tunegate.ports.results import ResultsStore

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tunegate.adapters.google.bigquery_dataset import BigQueryDataset
    from tunegate.adapters.google.gcs_objects import GcsObjects


@dataclass(frozen=True, slots=True)
class Stores:
    """What outlives a process."""

    campaigns: CampaignStore
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
    campaigns, results, ledger = SqlCampaignStore(engine), _results(engine), SqlLedger(engine)
    return Stores(campaigns, results, records, ledger, SqlRegistry(engine), SqlLeases(engine), SqlRouteChecks(engine))


def _results(engine: Engine) -> ResultsStore:
    dataset = workspace().dataset
    if dataset is None:
        return SqlResultsStore(engine)
    with _cloud_client(dataset):
        from tunegate.adapters.google.bigquery_results import BigQueryResultsStore  # noqa: PLC0415 - one machine does without
    return BigQueryResultsStore(_bigquery(dataset))


@cache
def analytics() -> Analytics:
    """Where analysts look. Raises BadInput when we have no client for it."""
    dataset = workspace().dataset
    if dataset is None:
        return NoAnalytics()
    with _cloud_client(dataset):
        from tunegate.adapters.google.bigquery_analytics import BigQueryAnalytics  # noqa: PLC0415 - one machine does without
    return BigQueryAnalytics(_bigquery(dataset))


@cache
def _bigquery(dataset: Dataset) -> BigQueryDataset:
    from tunegate.adapters.google.bigquery_dataset import BigQueryDataset  # noqa: PLC0415 - one machine does without

    return BigQueryDataset(dataset.project, dataset.name)


@cache
def publisher() -> Publisher:
    """Where production reads. Raises BadInput for a bucket when we have no client, or no credentials, for it."""
    match workspace().published:
        case Folder(path):
            return FilePublisher(path)
        case Bucket() as bucket:
            with _cloud_client(bucket):
                from tunegate.adapters.google.gcs_publisher import GcsPublisher  # noqa: PLC0415 - one machine does without
            return GcsPublisher(_objects(bucket, "application/json"))


@cache
def reports() -> ReportStore:
    """Where people find reports. Raises as `publisher`."""
    match workspace().reports:
        case Folder(path):
            return FileReportStore(path, workspace().reports_web)
        case Bucket() as bucket:
            with _cloud_client(bucket):
                from tunegate.adapters.google.gcs_report_store import GcsReportStore  # noqa: PLC0415 - one machine does without
            return GcsReportStore(_objects(bucket, "text/html; charset=utf-8"))


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
        from tunegate.adapters.google.gcs_objects import GcsObjects  # noqa: PLC0415 - one machine does without
    return GcsObjects(bucket.name, bucket.prefix, content_type)
