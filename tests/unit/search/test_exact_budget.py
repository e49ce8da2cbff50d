from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.unit.search.conftest import IN_FILE_AND_SERVER
from tunegate.adapters.optuna.study import SearchStudy
from tunegate.domain.trials import TrialRecord, TrialState

SCRIPT = Path(__file__).with_name("worker_process.py")


def work_in_threads(toy: ModuleType, url: str, workers: int, trials: int, fail_percent: int) -> tuple[TrialRecord, ...]:
    """Every thread opens the study for itself, all at once."""
    errors: list[BaseException] = []
    together = threading.Barrier(workers)

    def run(index: int) -> None:
        try:
            together.wait()
            study = SearchStudy.open(url, toy.definition(), toy.budget(trials))
            toy.work(study, f"worker-{index}", fail_percent, simulation_s=0.002)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=run, args=(index,)) for index in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    return SearchStudy.open(url, toy.definition(), toy.budget(trials)).trials()


def states(records: tuple[TrialRecord, ...]) -> Counter[TrialState]:
    return Counter(record.state for record in records)


@pytest.mark.parametrize("fail_percent", [0, 20])
@pytest.mark.parametrize("workers", [1, 2, 5, 8])
def test_exactly_the_budgeted_trials_complete_with_any_number_of_threads(
    toy: ModuleType, url: str, workers: int, fail_percent: int
) -> None:
    found = states(work_in_threads(toy, url, workers, trials=24, fail_percent=fail_percent))
    assert found[TrialState.COMPLETE] == 24
    assert set(found) <= {TrialState.COMPLETE, TrialState.FAILED}
    assert (found[TrialState.FAILED] > 0) == (fail_percent > 0)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 5])
def test_exactly_the_budgeted_trials_complete_with_real_processes(toy: ModuleType, url: str, processes: int) -> None:
    command = [sys.executable, str(SCRIPT), url, "40", "20"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, f"process-{index}"], **pipes) for index in range(processes)]
    assert [process.stdout.readline() for process in running] == ["open\n"] * processes
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait(timeout=60) for process in running] == [0] * processes
    records = SearchStudy.open(url, toy.definition(), toy.budget(40)).trials()
    assert states(records)[TrialState.COMPLETE] == 40
    assert set(states(records)) == {TrialState.COMPLETE, TrialState.FAILED}
    assert len({record.worker for record in records}) == processes


@pytest.mark.slow
def test_a_sqlite_file_keeps_the_budget_too(toy: ModuleType, tmp_path: Path) -> None:
    found = states(work_in_threads(toy, f"sqlite:///{tmp_path}/study.db", workers=4, trials=12, fail_percent=20))
    assert found[TrialState.COMPLETE] == 12


@IN_FILE_AND_SERVER
def test_a_relaunch_adds_no_trial(toy: ModuleType, url: str) -> None:
    first = work_in_threads(toy, url, workers=3, trials=10, fail_percent=20)
    assert work_in_threads(toy, url, workers=5, trials=10, fail_percent=20) == first


@IN_FILE_AND_SERVER
def test_a_larger_budget_extends_a_study_and_a_smaller_one_changes_nothing(toy: ModuleType, url: str) -> None:
    ten = work_in_threads(toy, url, workers=2, trials=10, fail_percent=0)
    extended = work_in_threads(toy, url, workers=2, trials=15, fail_percent=0)
    assert extended[:10] == ten
    assert len(extended) == 15
    assert work_in_threads(toy, url, workers=2, trials=5, fail_percent=0) == extended


def test_production_is_the_first_trial_exactly_once_however_many_open_the_study(toy: ModuleType, url: str) -> None:
    for _ in range(2):
        records = work_in_threads(toy, url, workers=8, trials=12, fail_percent=0)
    production = [record for record in records if record.parameters == toy.PRODUCTION]
    assert [record.number for record in production] == [0]
    assert [record.number for record in records if record.is_production] == [0]


@IN_FILE_AND_SERVER
def test_every_attempt_of_a_proposal_has_the_same_parameters(toy: ModuleType, url: str) -> None:
    records = work_in_threads(toy, url, workers=5, trials=24, fail_percent=30)
    by_proposal: dict[int, list[TrialRecord]] = {}
    for record in records:
        by_proposal.setdefault(record.proposal, []).append(record)
    assert any(len(attempts) > 1 for attempts in by_proposal.values())
    for attempts in by_proposal.values():
        assert len({record.parameters.digest for record in attempts}) == 1
        assert [record.attempt for record in attempts] == list(range(1, len(attempts) + 1))
        assert [record.state for record in attempts[:-1]] == [TrialState.FAILED] * (len(attempts) - 1)
