"""The practice street: obeys the published windows to the second, is resumable, and refuses what it cannot play."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from small_city import small_city

from hailsim.__main__ import main
from hailsim.faults import BadInput
from hailsim.kernels.arrays import LEAVES_S, PICKUP_S
from hailsim.live.command import city_day_of, read_world
from hailsim.live.published import Experiment, read_published
from hailsim.live.street import candidate_slots, observation_rows, run_street_day, spans_of_day
from hailsim.model.calendar import History
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import make_world

START = date(2026, 11, 2)


def document(
    *, days: int = 2, window_min: int = 60, washout_min: int = 0, zone: str = "UTC", start: date = START
) -> dict[str, Any]:
    first = datetime(start.year, start.month, start.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    count = days * 1440 // window_min
    edges = [first + timedelta(minutes=window_min * number) for number in range(count + 1)]
    windows = [
        {"start": edges[n].isoformat(), "end": edges[n + 1].isoformat(), "arm": "production" if n % 3 else "candidate"}
        for n in range(count)
    ]
    plan = {"kind": "switchback", "time_zone": zone, "washout_min": washout_min, "currency": "USD", "window_min": window_min}
    return {
        "format": 2,
        "region": "small",
        "version": 4,
        "parameters": {"gamma": 0.95},
        "experiment": {
            "id": "small-4",
            "candidate": {"version": 5, "parameters": {"gamma": 0.6, "temperature": 9.0}},
            "plan": plan,
            "seed": 1,
            "start": start.isoformat(),
            "windows": windows,
        },
    }


def experiment_of(content: dict[str, Any], folder: Path) -> Experiment:
    path = folder / "small.json"
    path.write_text(json.dumps(content))
    found = read_published(path).experiment
    assert found is not None
    return found


def test_a_day_s_windows_hold_all_its_revenue_each_in_the_arm_of_its_half_hours(tmp_path: Path) -> None:
    world = make_world(small_city(days=16, trips_per_day=1500))
    experiment = experiment_of(document(), tmp_path)
    spans = spans_of_day(experiment, START, 4)
    assert [(span.start_s, span.end_s) for span in spans] == [(3600 * n, 3600 * (n + 1)) for n in range(24)]
    slots = candidate_slots(spans)
    # The day begins at 04:00 with the experiment's fifth window; every third from the first on is the candidate's.
    assert slots.tolist() == [(4 + slot // 2) % 3 == 0 for slot in range(48)]
    published = read_published(tmp_path / "small.json")
    history = History(world.city.first_day, world.city.first_day + timedelta(days=9))
    scenario = Scenario(published.parameters, read_settings({}), "statistics", history)
    day = history.last + timedelta(days=1)
    outcome = run_street_day(world, scenario, experiment, spans, day=day, seed=1)
    rows = list(observation_rows(outcome, experiment, "small", spans))
    served = outcome.arrays.wait[:, LEAVES_S] < 0
    in_day = served & (outcome.arrays.wait[:, PICKUP_S] < 86_400)
    assert sum(int(row["revenue_minor"]) for row in rows) == outcome.customers.fare_minor[in_day].sum()
    assert {(row["arm"], row["version"]) for row in rows} == {("production", 4), ("candidate", 5)}
    alone = run_day(world, scenario, day, 1)
    assert not np.array_equal(outcome.arrays.wait, alone.arrays.wait)


def test_figures_begin_after_the_washout(tmp_path: Path) -> None:
    world = make_world(small_city(days=16, trips_per_day=1500))
    scenario = Scenario(
        read_published_parameters(tmp_path), read_settings({}), "statistics", History(date(2024, 3, 4), date(2024, 3, 13))
    )
    totals = []
    for washout in (0, 30):
        experiment = experiment_of(document(washout_min=washout), tmp_path)
        spans = spans_of_day(experiment, START, 4)
        outcome = run_street_day(world, scenario, experiment, spans, day=date(2024, 3, 14), seed=1)
        rows = list(observation_rows(outcome, experiment, "small", spans))
        totals.append(sum(float(row["driver_hours"]) for row in rows))
        pickup_s = outcome.arrays.wait[outcome.arrays.wait[:, LEAVES_S] < 0, PICKUP_S]
        counted = (pickup_s < 86_400) & (pickup_s % 3600 >= 60 * washout)
        assert sum(int(row["trips"]) for row in rows) == counted.sum()
    assert 0.4 < totals[1] / totals[0] < 0.6


def read_published_parameters(folder: Path) -> Any:
    (folder / "small.json").write_text(json.dumps(document()))
    return read_published(folder / "small.json").parameters


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 7), 23), (date(2026, 10, 31), 24)])
def test_on_days_on_which_the_clocks_change_no_hour_is_counted_twice(day: date, hours: int, tmp_path: Path) -> None:
    content = document(days=4, zone="America/Los_Angeles", start=day)
    spans = spans_of_day(experiment_of(content, tmp_path), day, 4)
    assert len(spans) == hours
    assert len({span.window.start for span in spans}) == hours
    assert all(span.end_s - span.start_s == 3600 for span in spans)


@pytest.mark.parametrize("window_min", [180, 480, 1440])
def test_windows_across_the_start_of_an_operating_day_are_refused(window_min: int, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="lie across the start of an operating day"):
        spans_of_day(experiment_of(document(days=3, window_min=window_min), tmp_path), START, 4)


def test_calendar_days_are_played_on_city_days_of_the_same_weekday_and_weeks_repeat() -> None:
    city = small_city(days=14 + 6 + 14)
    for number in range(40):
        calendar = date(2026, 11, 1) + timedelta(days=number)
        day, round_number = city_day_of(city, date(2026, 11, 1), number)
        assert day.weekday() == calendar.weekday()
        assert city.first_day + timedelta(days=14) <= day <= city.last_day
        assert round_number == number // 14
    with pytest.raises(BadInput, match="three weeks"):
        city_day_of(small_city(days=16), date(2026, 11, 1), 0)


@pytest.mark.parametrize("text", ["", "[]", '{"settings": 3}', '{"settings": {"follower_share": 7}}', '{"settings": {"x": 1}}'])
def test_a_world_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(text)
    with pytest.raises(BadInput):
        read_world(tmp_path / "world.json")


def _without(content: dict[str, Any], *path: str) -> dict[str, Any]:
    inner = content
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return content


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content | {"format": 3},
        lambda content: _without(content, "parameters"),
        lambda content: _without(content, "experiment", "candidate"),
        lambda content: _without(content, "experiment", "plan", "washout_min"),
        lambda content: content | {"parameters": {"unknown": 1.0}},
        lambda content: content | {"experiment": content["experiment"] | {"windows": content["experiment"]["windows"][::2]}},
        lambda content: content | {"experiment": content["experiment"] | {"windows": []}},
        lambda content: [content],
    ],
)
def test_a_document_that_cannot_be_obeyed_is_refused(spoil: Callable[[dict[str, Any]], Any], tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        experiment_of(spoil(document()), tmp_path)


@pytest.mark.slow
def test_the_command_writes_whole_days_once_and_stops_when_the_experiment_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published, world, out = tmp_path / "manhattan.json", tmp_path / "world.json", tmp_path / "street"
    published.write_text(json.dumps(document(zone="America/New_York", window_min=120)))
    world.write_text(json.dumps({"settings": {"follower_share": 0.3, "taxis": 200}}))
    arguments = ["live", "manhattan", "--world", str(world), "--published", str(published), "--out", str(out)]
    assert main([*arguments, "--days", "1"]) == 0
    first = out / "small-2026-11-01.csv"
    assert [path.name for path in out.iterdir()] == [first.name]
    before = first.stat().st_mtime_ns
    assert main(arguments) == 0
    assert first.stat().st_mtime_ns == before
    rows = [row for path in sorted(out.iterdir()) for row in csv.DictReader(path.open())]
    starts = [window["start"] for window in json.loads(published.read_text())["experiment"]["windows"]]
    assert [datetime.fromisoformat(row["window_start"]) for row in rows] == [datetime.fromisoformat(each) for each in starts]
    assert all(int(row["revenue_minor"]) > 0 and float(row["driver_hours"]) > 0 for row in rows)
    published.write_text(json.dumps(document() | {"format": 1}))
    capsys.readouterr()
    assert main(arguments) == 0
    assert "no experiment is published" in capsys.readouterr().out
    world.write_text("{}")
    assert main(arguments) == 2
    assert "hailsim live: stopped." in capsys.readouterr().err
