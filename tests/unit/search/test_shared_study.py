"""A study on a server that machines share: exact with twenty processes, whole after outages, and safe when its lock is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna
import pytest
from sqlalchemy import Engine, event

from tests.services.losses import Loss
from tests.services.mariadb import PASSWORD, Database, MariaDb
from tests.unit.search.conftest import ON_SERVER
from tunegate.adapters.optuna.mysql_storage import open_mysql
from tunegate.adapters.optuna.study import SearchStudy
from tunegate.adapters.sql.outages import ConnectionLost
from tunegate.domain.errors import BadInput
from tunegate.domain.trials import TrialState

SCRIPT = Path(__file__).with_name("worker_process.py")
OUTAGE_S = 10.0


@contextmanager
def processes(url: str, trials: int, fail_percent: int, count: int) -> Iterator[subprocess.Popen[str]]:
    """So many workers, each a process, all of which have opened the study and wait for the word."""
    command = [sys.executable, str(SCRIPT), url, str(trials), str(fail_percent), "process", str(count)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as running:
        assert [running.stdout.readline() for _ in range(count)] == ["open\n"] * count  # type: ignore[union-attr]
        yield running


def finished(running: subprocess.Popen[str]) -> list[int]:
    """The numbers of all trials that the processes simulated."""
    said, errors = running.communicate(timeout=200)
    assert running.returncode == 0, errors
    assert PASSWORD not in said + errors
    return [int(number) for line in said.splitlines() for number in line.removeprefix("simulated").split()]


def work_in_processes(url: str, trials: int, fail_percent: int, count: int) -> list[int]:
    with processes(url, trials, fail_percent, count) as running:
        # Each reads one line of the pipe they share.
        running.stdin.write("go\n" * count)  # type: ignore[union-attr]
        return finished(running)


def states(study: SearchStudy) -> Counter[TrialState]:
    return Counter(record.state for record in study.trials())


@pytest.mark.slow
@ON_SERVER
def test_twenty_processes_complete_exactly_the_budget_and_running_them_again_adds_nothing(toy: ModuleType, url: str) -> None:
    simulated = work_in_processes(url, trials=100, fail_percent=10, count=20)
    study = SearchStudy.open(url, toy.definition(), toy.budget(100))
    first = study.trials()
    assert states(study)[TrialState.COMPLETE] == 100
    assert set(states(study)) == {TrialState.COMPLETE, TrialState.FAILED}
    assert sorted(simulated) == [record.number for record in first]
    assert [record.number for record in first if record.is_production and record.attempt == 1] == [0]
    assert work_in_processes(url, trials=100, fail_percent=10, count=20) == []
    assert study.trials() == first


@pytest.mark.slow
@ON_SERVER
def test_a_database_that_is_down_for_ten_seconds_costs_no_trial(toy: ModuleType, url: str, mariadb: MariaDb) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(40))
    with processes(url, trials=40, fail_percent=10, count=4) as running:
        running.stdin.write("go\n" * 4)  # type: ignore[union-attr]
        running.stdin.flush()  # type: ignore[union-attr]
        while states(study)[TrialState.COMPLETE] < 12:
            time.sleep(0.05)
        mariadb.stop(kill=True)
        time.sleep(OUTAGE_S)
        assert running.poll() is None
        mariadb.start()
        simulated = finished(running)
    assert states(study)[TrialState.COMPLETE] == 40
    assert set(states(study)) == {TrialState.COMPLETE, TrialState.FAILED}
    assert sorted(simulated) == [record.number for record in study.trials()]


def campaign(toy: ModuleType, url: str, monkeypatch: pytest.MonkeyPatch, loss: Loss) -> list[tuple[object, ...]]:
    """All trials of a small campaign with failures, whose connections end as `loss` says."""
    with monkeypatch.context() as patched:
        loss.install(patched)
        study = SearchStudy.open(url, toy.definition("random"), toy.budget(3))
        toy.work(study, "w", fail_percent=40)
        found = [(each.proposal, each.attempt, each.state, each.parameters) for each in study.trials()]
    optuna.delete_study(study_name="toy", storage=url)
    return found


@ON_SERVER
def test_a_connection_lost_at_any_statement_changes_no_trial_and_no_proposal(
    toy: ModuleType, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    SearchStudy.open(url, toy.definition("random"), toy.budget(3))  # The tables are there.
    whole = Loss(None, done=False)
    undisturbed = campaign(toy, url, monkeypatch, whole)
    assert {state for _, _, state, _ in undisturbed} == {TrialState.COMPLETE, TrialState.FAILED}
    for turn, at in enumerate(range(1, whole.count, whole.count // 8)):
        loss = Loss(at, done=turn % 2 == 0)
        assert campaign(toy, url, monkeypatch, loss) == undisturbed, (at, loss)
        assert loss.count >= at


@ON_SERVER
def test_who_lost_the_lock_writes_nothing_and_the_next_has_it_at_once(toy: ModuleType, url: str, mariadb: MariaDb) -> None:
    SearchStudy.open(url, toy.definition(), toy.budget())
    storage, lock = open_mysql(url, "toy")
    _, other_lock = open_mysql(url, "toy")
    study = storage.get_study_id_from_name("toy")
    with lock.acquire():
        storage.set_study_user_attr(study, "mine", 1)
        assert lock.connection is not None
        mariadb.execute(f"KILL {lock.connection.exec_driver_sql('SELECT CONNECTION_ID()').scalar()}")
        began = time.monotonic()
        with other_lock.acquire():
            assert time.monotonic() - began < 5
        with pytest.raises(optuna.exceptions.StorageInternalError):
            storage.set_study_user_attr(study, "mine", 2)
        with pytest.raises(ConnectionLost):
            storage.set_study_user_attr(study, "mine", 3)
    with lock.acquire():
        assert storage.get_study_user_attrs(study)["mine"] == 1


@ON_SERVER
def test_a_machine_that_vanished_loses_the_lock_within_a_minute(toy: ModuleType, url: str) -> None:
    _, lock = open_mysql(url, "toy")
    with lock.acquire():
        assert lock.connection is not None
        assert lock.connection.exec_driver_sql("SELECT @@wait_timeout").scalar() == 60


def test_studies_of_one_database_do_not_wait_for_each_other_and_the_same_one_on_another_server_is_another(
    mariadb: MariaDb,
) -> None:
    first, second = mariadb.database(), mariadb.database()
    _, toy_lock = open_mysql(first.url, "toy")
    with toy_lock.acquire(), open_mysql(first.url, "another")[1].acquire(), open_mysql(second.url, "toy")[1].acquire():
        pass


@ON_SERVER
def test_asking_costs_as_many_statements_however_many_trials_run(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition("random"), toy.budget(1000))
    study.ask("first")

    def statements_of_an_ask() -> int:
        seen: list[str] = []

        def see(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(Engine, "before_cursor_execute", see)
        study.ask("w")
        event.remove(Engine, "before_cursor_execute", see)
        return len(seen)

    few = statements_of_an_ask()
    for _ in range(30):
        study.ask("w")
    assert statements_of_an_ask() == few


def test_a_refused_login_is_bad_input_without_the_password(toy: ModuleType, mariadb_database: Database) -> None:
    url = mariadb_database.url.replace(PASSWORD, "marked-secret")
    with pytest.raises(BadInput, match=r"the study's database must open, but got .*Access denied") as caught:
        SearchStudy.open(url, toy.definition(), toy.budget())
    assert "marked-secret" not in str(caught.value)


def test_a_study_is_reached_through_the_socket_of_the_proxy(toy: ModuleType, proxied_database: Database) -> None:
    study = SearchStudy.open(proxied_database.socket_url, toy.definition("random"), toy.budget(2))
    toy.work(study, "w")
    assert states(SearchStudy.open(proxied_database.url, toy.definition("random"), toy.budget(2)))[TrialState.COMPLETE] == 2
