"""Every implementation of a port, and the values that the contract suites hand to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.services.mariadb import MariaDb
from tunegate.adapters.sql.campaigns import SqlCampaignStore
from tunegate.adapters.sql.database import open_database
from tunegate.adapters.sql.experiments import SqlExperimentRecords
from tunegate.adapters.sql.leases import SqlLeases
from tunegate.adapters.sql.records import SqlLedger, SqlVerdictRecords
from tunegate.adapters.sql.registry import SqlRegistry
from tunegate.adapters.sql.results import SqlResultsStore
from tunegate.adapters.sql.route_checks import SqlRouteChecks
from tunegate.domain.days import DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.campaign_store import CampaignStore
from tunegate.ports.experiments import ExperimentRecords
from tunegate.ports.leases import Leases
from tunegate.ports.records import Ledger, RouteChecks, VerdictRecords
from tunegate.ports.registry import Registry
from tunegate.ports.results import ResultsStore


@dataclass(frozen=True)
class Stores:
    """Every store over one database. Another implementation of a port joins the suites by taking its place here."""

    engine: Engine
    results: ResultsStore
    campaigns: CampaignStore
    verdicts: VerdictRecords
    ledger: Ledger
    registry: Registry
    leases: Leases
    route_checks: RouteChecks
    experiments: ExperimentRecords


def sql_stores(url: str) -> Stores:
    engine = open_database(url)
    verdicts, ledger, registry = SqlVerdictRecords(engine), SqlLedger(engine), SqlRegistry(engine)
    results, campaigns, checks = SqlResultsStore(engine), SqlCampaignStore(engine), SqlRouteChecks(engine)
    experiments = SqlExperimentRecords(engine)
    return Stores(engine, results, campaigns, verdicts, ledger, registry, SqlLeases(engine), checks, experiments)


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database of each kind."""
    return new_database(request.param, request, tmp_path)


def new_database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/home/results.sqlite"
    server: MariaDb = request.getfixturevalue("mariadb")
    return server.database().url


@pytest.fixture
def open_stores(database_url: str) -> Iterator[Callable[[], Stores]]:
    """Opens stores over one database, empty at first, of each kind; each call is what another process would have."""
    opened: list[Stores] = []

    def open_again() -> Stores:
        opened.append(sql_stores(database_url))
        return opened[-1]

    yield open_again
    for stores in opened:
        stores.engine.dispose()


@pytest.fixture
def stores(open_stores: Callable[[], Stores]) -> Stores:
    return open_stores()


class Samples:
    """Requests and answers; floats are such that any rounding shows."""

    days = (date(2026, 3, 1), date(2026, 3, 2))
    seeds = (7, 4_294_967_295)

    def request(
        self, request_id: str = "trial-0001", forecast: Forecast = Forecast.ML, **parameters: float
    ) -> SimulationRequest:
        return SimulationRequest(
            id=request_id,
            city="toy",
            parameters=Parameters({"gamma": 0.9, **parameters}),
            days=self.days,
            seeds=self.seeds,
            forecast=forecast,
            history=Period(date(2026, 1, 1), date(2026, 2, 28)),
            settings={"drivers": 100},
        )

    def answer(self, request: SimulationRequest, shift: float = 0.0, compute_s: float = 0.1 + 0.2) -> SimulationAnswer:
        days = tuple(
            DayResult(
                day=day,
                seed=seed,
                forecast=request.forecast,
                metrics={"revenue_minor": 1e6 / 3 + shift, "wait_mean_s": 5e-324, "utilisation": 0.1 + 0.2, "lost": 2.0},
                zone_revenue_minor={"northern Ōta, 4 丁目": 2**53, "b": 0},
                drivers=100,
                order_log_digest="sha256:" + f"{day.day:02x}{seed:08x}".rjust(64, "0"),
            )
            for day in request.days
            for seed in request.seeds
        )
        return SimulationAnswer(
            days=days,
            applied_parameters={name: float(value) for name, value in request.parameters.items()},
            trained_last_day=date(2026, 2, 28),
            city_digest="sha256:" + "c" * 64,
            simulator_version="toy 1.0",
            compute_s=compute_s,
        )


@pytest.fixture
def samples() -> Samples:
    return Samples()
