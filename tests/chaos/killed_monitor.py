"""Kills a monitor with kill -9 after every write, and starts it again, on rows that come late, doubled or corrected.

A program of its own, as `killed_release.py`, whose way of finding the places between two writes it uses. Prints what it found
as lines of JSON: the undisturbed end first, then one line for each kill.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import tunegate.adapters.sql.experiments
import tunegate.application.experiments
from tests.chaos.killed_release import WRITERS, Tracer, in_a_process_of_its_own
from tests.synthetic.street_home import REGION, StreetHome, observed, write_rows
from tunegate.application.experiments import find_experiment, stop_experiment, watch

WRITERS.update(str(module.__file__) for module in (tunegate.adapters.sql.experiments, tunegate.application.experiments))
EFFECTS_PCT = {"conclude": 1.0, "roll_back": -10.0, "stop": 0.0}


def report(home: StreetHome, action: str, rows: str, *, complete: bool) -> None:
    """Write what the street reports; rows that come late are only there when it is complete."""
    experiment, effect = home.experiment(), EFFECTS_PCT[action]
    told = [observed(experiment, window, effect) for window in experiment.schedule.windows]
    first = [
        replace(row, revenue_minor=row.revenue_minor // 2, recorded_at=row.recorded_at - timedelta(minutes=5)) for row in told
    ]
    match rows:
        case "doubled":
            told = [*told[::-1], *told]
        case "corrected":
            told = [*first, *told]
        case "late" if not complete:
            told = told[: len(told) // 2]
    write_rows(home.folder / "street.csv", told)


def prepare(home: StreetHome, action: str, rows: str) -> None:
    home.prepare(looks=[4])
    home.approve()
    report(home, action, rows, complete=False)
    if rows == "late":  # A monitor met what was there by then: its invalid look is in the record.
        watch(at_the_end(home).open(), REGION)
        report(home, action, rows, complete=True)


def at_the_end(home: StreetHome) -> StreetHome:
    home.clock.time = home.experiment().schedule.end_utc + timedelta(hours=3)
    return home


def act(root: Path, action: str) -> None:
    home = at_the_end(StreetHome(root))
    if action == "stop":
        if home.open().registry.current(REGION).kind == "experiment":
            stop_experiment(home.open(), REGION, "ben", "a strike")
    else:
        watch(home.open(), REGION)


def killed(root: Path, action: str, deadly: int | None) -> list[int]:
    tracer = Tracer(root, deadly)
    sys.settrace(tracer)
    try:
        act(root, action)
    finally:
        sys.settrace(None)
    return tracer.after_writes


def next_start(root: Path, action: str) -> dict[str, Any]:
    """What a reader sees meanwhile, and what the next runs make of it."""
    home = at_the_end(StreetHome(root))
    left = home.published()
    for _ in range(2):
        act(root, action)
        watch(home.open(), REGION)
    state = find_experiment(home.open(), REGION)
    history = home.open().registry.history(REGION)
    realised = state.realised
    return {
        "left": left,
        "published": home.published(),
        "registry": [[each.version, each.kind.value, each.approver] for each in history],
        "current": history[-1].published,
        "entries": [event.kind.value for event in state.events],
        "realised": None if realised is None else repr(realised),
    }


def main(root: Path, action: str, rows: str) -> None:
    template, watched = root / "template", root / "watched"
    in_a_process_of_its_own(lambda: prepare(StreetHome(template), action, rows))
    whole = root / "whole"
    shutil.copytree(template, whole)
    _, undisturbed = in_a_process_of_its_own(lambda: next_start(whole, action))
    sys.stdout.write(json.dumps(undisturbed) + "\n")
    shutil.copytree(template, watched)
    _, places = in_a_process_of_its_own(lambda: killed(watched, action, None))
    for place in (0, *places):
        home = root / f"killed-{place}"
        shutil.copytree(template, home)
        status, _ = in_a_process_of_its_own(lambda home=home, place=place: killed(home, action, place))
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        _, found = in_a_process_of_its_own(lambda home=home: next_start(home, action))
        sys.stdout.write(json.dumps({"place": place, "killed": died, **found}) + "\n")
        shutil.rmtree(home)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
