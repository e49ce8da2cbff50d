from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from optuna.storages.journal import JournalFileBackend

from tunegate.adapters.optuna.study import SearchStudy
from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialState

SCRIPT = Path(__file__).with_name("worker_process.py")


class PowerCut(BaseException):
    """Nothing in the product may catch this."""


@contextmanager
def power_cut_after(writes: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The journal takes this many writes, then the process dies. Gives a list with the number of writes left."""
    append, left = JournalFileBackend.append_logs, [writes]

    def append_or_die(self: JournalFileBackend, logs: list[dict[str, Any]]) -> None:
        if left[0] == 0:
            raise PowerCut
        left[0] -= 1
        append(self, logs)

    with monkeypatch.context() as patched:
        patched.setattr(JournalFileBackend, "append_logs", append_or_die)
        yield left


def run_until_power_cut(toy: ModuleType, url: str, monkeypatch: pytest.MonkeyPatch, writes: int) -> bool:
    """Run a small campaign that dies at its n-th write to the journal; whether it died."""
    with power_cut_after(writes, monkeypatch):
        try:
            toy.work(SearchStudy.open(url, toy.definition(), toy.budget(4)), "w", fail_percent=40)
        except PowerCut:
            return True
    return False


def proposals(study: SearchStudy) -> list[Parameters]:
    return list({record.proposal: record.parameters for record in study.trials()}.values())


@pytest.mark.slow
def test_a_crash_at_any_write_loses_nothing_and_changes_no_proposal(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = SearchStudy.open(f"journal://{tmp_path}/straight", toy.definition(), toy.budget(4))
    toy.work(straight, "w", fail_percent=40)
    died, writes = True, 0
    while died:
        url = f"journal://{tmp_path}/{writes}"
        died = run_until_power_cut(toy, url, monkeypatch, writes)
        study = SearchStudy.open(url, toy.definition(), toy.budget(4))
        finished_before = [record for record in study.trials() if record.state is TrialState.COMPLETE]
        study.recover_interrupted()
        toy.work(study, "w", fail_percent=40)
        records = study.trials()
        assert Counter(record.state for record in records)[TrialState.COMPLETE] == 4, f"after {writes} writes"
        assert proposals(study) == proposals(straight), f"after {writes} writes"
        assert set(finished_before) <= set(records)
        assert sum(record.is_production and record.state is TrialState.COMPLETE for record in records) == 1
        writes += 1
    assert writes > 40


@pytest.mark.parametrize("trial", [0, 1], ids=["production", "a proposal"])
def test_a_worker_that_died_while_asking_blocks_nobody(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trial: int
) -> None:
    with power_cut_after(1000, monkeypatch) as left:
        whole = SearchStudy.open(f"journal://{tmp_path}/whole", toy.definition(), toy.budget(4))
        if trial:
            production = whole.ask("w")
            whole.tell_complete(production.number, toy.revenue(production.parameters), 2, 0.5)
        before = left[0]
        whole.ask("w")
        writes_to_ask = before - left[0]
    assert writes_to_ask >= 5
    for writes in range(writes_to_ask):
        url = f"journal://{tmp_path}/{writes}"
        if trial:
            toy.work(SearchStudy.open(url, toy.definition(), toy.budget(1)), "w")
        dying = SearchStudy.open(url, toy.definition(), toy.budget(4))
        with power_cut_after(writes, monkeypatch), pytest.raises(PowerCut):
            dying.ask("dying")
        survivor = SearchStudy.open(url, toy.definition(), toy.budget(4))
        toy.work(survivor, "survivor")
        assert sum(record.state is TrialState.COMPLETE for record in survivor.trials()) == 4
        assert [record.proposal for record in survivor.trials()] == [0, 1, 2, 3]


def test_a_result_written_before_the_crash_is_kept_although_its_trial_was_not_closed(
    toy: ModuleType, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(4))
    asked = study.ask("w")
    with power_cut_after(1, monkeypatch), pytest.raises(PowerCut):
        study.tell_complete(asked.number, 1234.0, simulated_days=2, simulation_s=0.5)
    resumed = SearchStudy.open(url, toy.definition(), toy.budget(4))
    assert resumed.recover_interrupted() == 1
    assert [(record.state, record.revenue_minor_per_day) for record in resumed.trials()] == [(TrialState.COMPLETE, 1234.0)]


@pytest.mark.slow
def test_a_campaign_killed_with_sigkill_resumes_at_once_and_completes_exactly(toy: ModuleType, url: str) -> None:
    command = [sys.executable, str(SCRIPT), url, "40", "20"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, f"process-{index}"], **pipes) for index in range(3)]
    for process in running:
        assert process.stdout.readline() == "open\n"
        process.stdin.write("go\n")
        process.stdin.flush()
    study = SearchStudy.open(url, toy.definition(), toy.budget(40))
    while len(study.trials()) < 15:
        time.sleep(0.01)
    for process in running:
        process.send_signal(signal.SIGKILL)
        process.communicate()

    began = time.monotonic()
    resumed = SearchStudy.open(url, toy.definition(), toy.budget(40))
    before = {record.number: record for record in resumed.trials() if record.state is TrialState.COMPLETE}
    resumed.recover_interrupted()
    toy.work(resumed, "w", fail_percent=20)
    assert time.monotonic() - began < 10.0  # Optuna's own lock file would stall for 30 s.
    after = {record.number: record for record in resumed.trials() if record.state is TrialState.COMPLETE}
    assert len(after) == 40
    assert before.items() <= after.items()


def test_a_line_torn_by_a_crash_is_dropped(toy: ModuleType, tmp_path: Path) -> None:
    url, journal = f"journal://{tmp_path}/study.journal", tmp_path / "study.journal"
    toy.work(SearchStudy.open(url, toy.definition(), toy.budget(3)), "w")
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code":4,"worker_id":"x","stu')
    study = SearchStudy.open(url, toy.definition(), toy.budget(5))
    toy.work(study, "w")
    assert journal.read_bytes().startswith(whole + b'{"op_code"')
    assert sum(record.state is TrialState.COMPLETE for record in study.trials()) == 5
