"""kill -9 between any two writes of monitor, conclusion and rollback, on bad days of the street: always the undisturbed end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.synthetic.street_home import REGION, StreetHome
from tunegate.application.experiments import find_experiment, watch

REPOSITORY = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("killed_monitor.py")
CASES = [
    *((action, rows) for action in ("conclude", "roll_back") for rows in ("plain", "doubled", "corrected", "late")),
    ("stop", "plain"),
]
FEWEST_PLACES = 6  # of each case, so that all of them are more than 50 injections


def killed_at_each_place(root: Path, action: str, rows: str) -> list[dict[str, Any]]:
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), str(root), action, rows],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(("action", "rows"), CASES, ids=["-".join(case) for case in CASES])
def test_a_killed_monitor_comes_to_the_undisturbed_end(tmp_path, action, rows):
    undisturbed, *killed = killed_at_each_place(tmp_path, action, rows)
    assert len(killed) >= FEWEST_PLACES
    assert all(each["killed"] for each in killed)
    end = {"conclude": "conclusion", "roll_back": "rollback", "stop": "rollback"}[action]
    assert [kind for _, kind, _ in undisturbed["registry"]] == ["initial", "experiment", end]
    whole = {undisturbed["left"], undisturbed["published"]}
    for each in killed:
        assert each["left"] in whole, "a reader saw something that was never released"
        for what in ("published", "current", "registry", "entries", "realised"):
            assert each[what] == undisturbed[what], what
        assert each["published"] == each["current"]
    assert undisturbed["entries"].count("look") == {"late": 2, "plain": 0 if action == "stop" else 1}.get(rows, 1)


@pytest.mark.parametrize(("effect_pct", "end"), [(1.0, "concluded"), (-10.0, "rolled_back")])
def test_monitors_at_once_write_what_one_would(tmp_path, effect_pct, end):
    home = StreetHome(tmp_path)
    home.prepare(looks=[4])
    home.approve()
    last = home.experiment().schedule.end_utc
    home.observe(effect_pct, last)
    home.clock.time = last + timedelta(hours=1)
    readers = []
    for _ in range(4):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.close(reader)
            try:
                watch(home.open(), REGION)
                os.write(writer, b"done")
            finally:
                os._exit(0)
        os.close(writer)
        readers.append(reader)
    assert [os.fdopen(reader).read() for reader in readers] == ["done"] * len(readers)
    for _ in readers:
        os.wait()
    events = find_experiment(home.open(), REGION).events
    assert [event.kind.value for event in events] == ["started", "look", end]
    assert len(home.open().registry.history(REGION)) == 3
