"""What is done stays done, however a campaign ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.flows.conftest import QUADRATIC, Installation

pytestmark = pytest.mark.slow

POLL_S = 0.05
PATIENCE_S = 60


def _wait_for_trials(installation: Installation, running: subprocess.Popen[str], count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(installation.requests()) < count:
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < deadline, "the campaign did not get going"
        time.sleep(POLL_S)


def _processes_of(installation: Installation) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # It ended while we looked.
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return [line for line in found if str(installation.log) in line]


def _assert_resumes_without_repeating(installation: Installation) -> None:
    before = Counter(request["id"] for request in installation.requests())
    ran = installation.run("retune", installation.root / "toyville.yaml", "--json", "--resume")
    assert ran.outcome["trials"]["complete"] == 12
    assert next(iter(before)).startswith(ran.outcome["campaign"])
    again = [number for number, times in Counter(r["id"] for r in installation.requests()).items() if times > 1]
    assert not again, "a trial is never asked for twice under its number"
    parameters = Counter(str(request["parameters"]) for request in installation.requests() if "/trial-" in request["id"])
    repeated = sum(times - 1 for times in parameters.values())
    assert repeated <= 2, "only what two workers had in flight is simulated again"


def test_a_killed_campaign_leaves_no_process_and_resumes(installation: Installation) -> None:
    path = installation.region_file("--day-s", "0.05", search__trials=12)
    running = installation.start("retune", path, "--json")
    _wait_for_trials(installation, running, 5)
    running.kill()
    running.communicate()
    deadline = time.monotonic() + PATIENCE_S
    while _processes_of(installation):
        assert time.monotonic() < deadline, _processes_of(installation)
        time.sleep(POLL_S)
    _assert_resumes_without_repeating(installation)


def test_ctrl_c_says_how_to_go_on_and_the_campaign_resumes(installation: Installation) -> None:
    path = installation.region_file("--day-s", "0.05", search__trials=12)
    running = installation.start("retune", path, "--json")
    _wait_for_trials(installation, running, 5)
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130
    assert stdout == ""
    assert "nothing done is lost" in stderr
    assert stderr.rstrip().endswith("--resume")
    assert "Traceback" not in stderr
    assert not _processes_of(installation)
    _assert_resumes_without_repeating(installation)


def test_a_worker_that_ends_by_something_else_ends_the_campaign_and_nobody_waits_for_its_trial(
    installation: Installation,
) -> None:
    path = installation.region_file("--day-s", "0.05", search__trials=12)
    running = installation.start("retune", path, "--json")
    _wait_for_trials(installation, running, 3)
    with sqlite3.connect(installation.home / "results.sqlite", timeout=30) as database:
        database.execute("ALTER TABLE answers RENAME TO answers_elsewhere")
    _, stderr = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 1
    assert "no such table: answers" in stderr
    with sqlite3.connect(installation.home / "results.sqlite", timeout=30) as database:
        database.execute("ALTER TABLE answers_elsewhere RENAME TO answers")
    ran = installation.run("retune", path, "--json", "--resume")
    assert ran.outcome["trials"]["complete"] == 12


def test_a_campaign_does_not_go_on_with_another_version_of_its_simulator(installation: Installation) -> None:
    shutil.copytree(QUADRATIC.parent, installation.root / "simulators")
    simulator = installation.root / "simulators" / QUADRATIC.name
    command = [sys.executable, str(simulator), "--fault", "die", "--fault-once", str(installation.root / "died")]
    failed = installation.retune(simulator__command=command, search__failure_budget=0, search__workers=1)
    assert failed.code == 1
    simulator.write_text(QUADRATIC.read_text().replace("quadratic 1.0", "quadratic 2.0"))
    resumed = installation.run("retune", installation.root / "toyville.yaml", "--json", "--resume")
    assert resumed.code == 1
    assert "must end with the simulator and the city it began with" in resumed.stderr


def test_a_finished_campaign_is_not_resumed_and_another_configuration_is_refused(installation: Installation) -> None:
    failed = installation.retune("--fault", "die", search__failure_budget=0, search__attempts_per_trial=1)
    assert failed.code == 1
    changed = installation.retune("--fault", "die", search__failure_budget=0, seed=8, arguments=("--resume",))
    assert changed.code == 2
    assert "the configuration it began with" in changed.stderr


def test_a_second_campaign_of_a_region_is_refused_while_one_runs(installation: Installation) -> None:
    path = installation.region_file("--day-s", "0.05", search__trials=12)
    running = installation.start("retune", path, "--json")
    _wait_for_trials(installation, running, 1)
    second = installation.run("retune", path, "--json")
    assert second.code == 2
    assert "one campaign of a region may run at a time" in second.stderr
    running.kill()
    running.communicate()
