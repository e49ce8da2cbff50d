"""infra/database/users.sql: each user of the database can do its work, and cannot write what others decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from tests.contracts.conftest import Stores, sql_stores
from tests.contracts.test_records_contract import ENTRY, NOON, ROW
from tests.contracts.test_registry_contract import DECLINED, release
from tests.contracts.test_results_store_contract import CAMPAIGN, TRIAL
from tests.services.mariadb import Database, MariaDb
from tunegate.adapters.optuna.mysql_storage import open_mysql
from tunegate.adapters.sql.tables import metadata

pytestmark = pytest.mark.services

GRANTS = Path(__file__).parents[2] / "infra" / "database" / "users.sql"
USERS = ("tunegate_worker", "tunegate_campaign", "tunegate_release")
RESULTS = {"answers", "day_results", "leases"}
RECORDS = {"campaigns", "verdicts", "route_checks", "ledger"}
REGISTRY = {"releases", "decisions", "experiment_events"}
TABLES = {table.name for table in metadata.sorted_tables}
MAY_INSERT = {
    "tunegate_worker": RESULTS,
    "tunegate_campaign": RESULTS | RECORDS,
    "tunegate_release": RESULTS | RECORDS | REGISTRY,
}
# Versions and entries of experiments are only inserted; writing other records once takes the right to update (see the script).
MAY_CHANGE = {user: tables - {"releases", "experiment_events"} for user, tables in MAY_INSERT.items()}


@pytest.fixture(scope="module")
def database(mariadb: MariaDb) -> Database:
    """A database whose owner made the tables and ran the script."""
    made = mariadb.database()
    sql_stores(made.url).engine.dispose()
    for user in USERS:
        mariadb.execute(f"CREATE USER IF NOT EXISTS {user}@'%' IDENTIFIED BY 'of-{user}'")
    script = re.sub(r"--[^\n]*", "", GRANTS.read_text()).replace("tunegate_studies", f"{made.name}_studies")
    script = script.replace("tunegate.", f"{made.name}.")
    for statement in filter(str.strip, script.split(";")):
        mariadb.execute(statement)
    return made


@pytest.fixture
def as_user(database: Database) -> Iterator[Callable[[str], Stores]]:
    opened: list[Engine] = []

    def open_as(user: str) -> Stores:
        stores = sql_stores(url_of(database, user))
        opened.append(stores.engine)
        return stores

    yield open_as
    for engine in opened:
        engine.dispose()


def url_of(database: Database, user: str, name: str | None = None) -> str:
    return f"mysql+pymysql://{user}:of-{user}@127.0.0.1:{database.port}/{name or database.name}"


def refused(engine: Engine, statement: str) -> bool:
    """Whether the server refuses it for want of rights, and for nothing else."""
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    except (OperationalError, ProgrammingError) as error:
        return "denied" in str(error.orig)
    return False


def test_a_worker_stores_results_keeps_leases_and_searches(as_user, database, samples):
    stores, request = as_user("tunegate_worker"), samples.request()
    stores.results.save_answer(CAMPAIGN, TRIAL, request, samples.answer(request))
    assert stores.results.find_answer(CAMPAIGN, request.content_digest) == samples.answer(request)
    assert stores.leases.acquire("region:toy", "a", 60.0)
    stores.leases.release("region:toy", "a")
    storage, lock = open_mysql(url_of(database, "tunegate_worker", f"{database.name}_studies"), "toy-1")
    with lock.acquire():
        assert storage.get_all_studies() == []


def test_a_campaign_writes_its_records(as_user):
    stores = as_user("tunegate_campaign")
    assert stores.campaigns.start(ROW) == ROW
    stores.verdicts.save("toy", "toy-1", {"n": 1}, NOON)
    stores.verdicts.save("toy", "toy-1", {"n": 1}, NOON)
    stores.route_checks.save(ENTRY.candidate_digest, {"format": 1}, NOON)
    stores.ledger.append(ENTRY, after=0)
    assert stores.ledger.entries("toy") == (ENTRY,)


def test_a_release_writes_the_registry(as_user):
    stores = as_user("tunegate_release")
    stores.registry.append(release(1), None)
    stores.registry.decide(DECLINED)
    assert stores.registry.current("toy") == release(1)


def allowed(engine: Engine, statement: str) -> set[str]:
    """The tables on which a user may execute this statement."""
    tables = metadata.sorted_tables
    return {
        each.name for each in tables if not refused(engine, statement.format(name=each.name, last=list(each.columns)[-1].name))
    }


@pytest.mark.parametrize("user", USERS)
def test_no_user_writes_what_another_decides_or_takes_a_record_away(as_user, user):
    engine = as_user(user).engine
    assert allowed(engine, "INSERT INTO {name} SELECT * FROM {name} WHERE 1 = 0") == MAY_INSERT[user]
    assert allowed(engine, "UPDATE {name} SET {last} = {last} WHERE 1 = 0") == MAY_CHANGE[user]
    assert allowed(engine, "DELETE FROM {name} WHERE 1 = 0") == {"leases"}
    assert allowed(engine, "DROP TABLE {name}") == set()
    for statement in ("CREATE TABLE more (n INT)", "TRUNCATE ledger", "GRANT INSERT ON releases TO tunegate_worker"):
        assert refused(engine, statement), statement


def test_every_table_is_somebodys(database):
    assert RESULTS | RECORDS | REGISTRY | {"schema_version"} == TABLES


def test_the_script_holds_no_password():
    assert re.findall(r"IDENTIFIED BY '[^'…]+'", GRANTS.read_text()) == []
