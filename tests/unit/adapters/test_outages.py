"""A database that goes away: what may be said twice is, what must not be is left to a person, and waiting has an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.contracts.conftest import Samples, Stores, sql_stores
from tests.services.forwarder import Forwarder
from tests.services.losses import Loss
from tests.services.mariadb import Database
from tunegate.adapters.sql import outages
from tunegate.domain.errors import DatabaseUnreachable
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.gate.ledger import LedgerEntry
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus
from tunegate.ports.results import RequestKey, SimulationPhase

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
ROW = CampaignRow("toy-1", "toy", {"trials": 8}, DIGEST, NOON)
ENTRY = LedgerEntry("toy", Period(date(2026, 2, 1), date(2026, 2, 14)), "toy-1", DIGEST, DIGEST, 0.05, NOON)
RELEASE = Release(
    "toy", 1, ReleaseKind.INITIAL, Parameters({"gamma": 0.9}), "ada", NOON, "", None, None, None, override=False, published=""
)
REQUEST = Samples().request()


def everything_of_a_campaign(stores: Stores) -> tuple[object, ...]:
    """Each write of a campaign, and what is read afterwards."""
    stores.campaigns.start(ROW)
    assert stores.leases.acquire("region:toy", "toy-1", 60)
    assert stores.leases.acquire("region:toy", "toy-1", 60)
    stores.results.save_answer("toy-1", RequestKey(SimulationPhase.SEARCH, "trial-0001"), REQUEST, Samples().answer(REQUEST))
    stores.ledger.append(ENTRY, after=0)
    verdict = stores.verdicts.save("toy", "toy-1", {"outcome": "promote"}, NOON)
    stores.campaigns.finish("toy-1", CampaignStatus.FINISHED, {"verdict": verdict}, NOON)
    stores.leases.release("region:toy", "toy-1")
    return (
        stores.campaigns.all(),
        stores.results.day_results("toy-1"),
        stores.ledger.entries("toy"),
        stores.verdicts.of_region("toy"),
        stores.leases.live(""),
    )


def test_a_connection_lost_at_any_statement_of_a_campaign_loses_and_doubles_nothing(
    mariadb, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept(loss: Loss) -> tuple[object, ...]:
        stores = sql_stores(mariadb.database().url)
        with monkeypatch.context() as patched:
            loss.install(patched)
            found = everything_of_a_campaign(stores)
        stores.engine.dispose()
        return found

    whole = Loss(None, done=False)
    undisturbed = kept(whole)
    for turn, at in enumerate(range(1, whole.count, whole.count // 12)):
        assert kept(loss := Loss(at, done=turn % 2 == 0)) == undisturbed
        assert loss.count > at


@pytest.fixture
def stores(mariadb_database: Database) -> Stores:
    return sql_stores(mariadb_database.url)


def release_statements(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many statements a release takes; the last is its commit."""
    with monkeypatch.context() as patched:
        (loss := Loss(None, done=False)).install(patched)
        stores.registry.append(replace(RELEASE, region="another"), None)
        return loss.count


@pytest.mark.parametrize("done", [False, True], ids=["before the commit arrived", "after it arrived"])
def test_a_release_whose_commit_is_in_doubt_is_not_said_again(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, *, done: bool
) -> None:
    last = release_statements(stores, monkeypatch)
    with monkeypatch.context() as patched:
        Loss(last, done=done).install(patched)
        with pytest.raises(DatabaseUnreachable, match=r"outage while it was committed.*See `tunegate registry`"):
            stores.registry.append(RELEASE, None)
    assert stores.registry.history("toy") == ((RELEASE,) if done else ())


def test_a_release_that_was_interrupted_before_its_commit_is_made_once(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(1, release_statements(stores, monkeypatch)):
        named = replace(RELEASE, region=f"toy_{at}")
        with monkeypatch.context() as patched:
            Loss(at, done=True).install(patched)
            stores.registry.append(named, None)
        assert stores.registry.history(f"toy_{at}") == (named,)


def calls(stores: Stores) -> list[Callable[[], object]]:
    return [stores.registry.regions, lambda: stores.campaigns.start(ROW), lambda: stores.leases.holder("region:toy")]


def test_an_outage_of_the_proxy_is_waited_out(proxied_database: Database, proxy: Forwarder) -> None:
    stores = sql_stores(proxied_database.url)
    for call in calls(stores):
        proxy.cut()
        threading.Timer(1.0, proxy.restore).start()
        began = time.monotonic()
        call()
        assert time.monotonic() - began >= 0.9


def test_waiting_ends_with_what_the_driver_says_and_no_password(
    proxied_database: Database, proxy: Forwarder, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = sql_stores(proxied_database.url)
    monkeypatch.setattr(outages, "RETRY_FOR_S", 0.5)
    proxy.cut()
    for call in calls(stores):
        with pytest.raises(DatabaseUnreachable, match=r"no answer for 0 s.*Connection refused.*then resume") as caught:
            call()
        assert "sEcret" not in str(caught.value)


def test_a_network_that_swallows_packets_counts_as_an_outage(proxied_database: Database, proxy: Forwarder) -> None:
    stores = sql_stores(proxied_database.url + "?read_timeout=1")
    assert stores.registry.regions() == ()
    proxy.freeze()
    threading.Timer(1.5, proxy.restore).start()
    assert stores.registry.regions() == ()


def test_a_deadlock_is_tried_again_and_a_refusal_is_not(mariadb, mariadb_database: Database) -> None:
    engine = sql_stores(mariadb_database.url).engine
    tries: list[int] = []

    def signal(number: int) -> None:
        tries.append(number)
        with engine.connect() as connection:
            state, code = {1213: ("40001", 1213), 1142: ("42000", 1142)}[number]
            connection.exec_driver_sql(f"SIGNAL SQLSTATE '{state}' SET MYSQL_ERRNO = {code}")

    with pytest.raises(DatabaseUnreachable):
        outages.retry(lambda: signal(1213), retry_for_s=0.3)
    assert len(tries) > 1
    tries.clear()
    with pytest.raises(Exception, match="1142"):
        outages.retry(lambda: signal(1142), retry_for_s=5.0)
    assert tries == [1142]
