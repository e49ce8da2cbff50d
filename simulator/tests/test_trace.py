from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from random_worlds import PLAYED_DAY, random_world
from small_city import FIRST_DAY, small_city

from hailsim.model.calendar import History
from hailsim.model.folder import Papers, write_city
from hailsim.model.metrics import report_day
from hailsim.model.settings import read_settings
from hailsim.model.simulation import PreparedDay, Scenario, play, prepare_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters
from hailsim.routes import replay
from hailsim.routes.replay import Stand, trace_taxi
from hailsim.routes.story import lines_of, totals_of, typical_taxi
from hailsim.routes.trace_command import trace_command
from hailsim.routes.trace_page import trace_page
from hailsim.routes.way import fastest_way

DAY = FIRST_DAY.replace(day=FIRST_DAY.day + 3)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(small_city(taxis=12))


@pytest.fixture(scope="module")
def day(world: World) -> PreparedDay:
    history = History(FIRST_DAY, FIRST_DAY.replace(day=FIRST_DAY.day + 2))
    return prepare_day(world, Scenario(read_parameters({}), read_settings({}), "statistics", history), DAY, 1)


@pytest.mark.parametrize("number", range(12))
def test_the_traces_of_all_taxis_add_up_to_the_days_figures_exactly(number: int) -> None:
    world, scenario, seed = random_world(number)
    day = prepare_day(world, scenario, PLAYED_DAY, seed)
    report = report_day(play(day, world.road.links), world.road)
    totals = [totals_of(trace_taxi(day, world.road, taxi), world) for taxi in range(len(day.fleet.follower))]
    assert sum(total.revenue_minor for total in totals) == report.metrics["revenue_minor"]
    assert sum(total.trips for total in totals) == report.metrics["trips"]
    outcome = play(day, world.road.links).arrays
    assert sum(total.turns for total in totals) == int(outcome.entries.sum())
    assert [total.duty_s for total in totals] == outcome.duty_s.tolist()
    assert [total.busy_s for total in totals] == outcome.busy_s.tolist()
    assert sum(total.empty_m for total in totals) == pytest.approx(report.metrics["empty_distance_m"], rel=1e-9)
    assert sum(total.occupied_m for total in totals) == pytest.approx(report.metrics["occupied_distance_m"], rel=1e-9)


def test_a_replay_that_contradicts_the_kernels_is_never_shown(
    world: World, day: PreparedDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    taxi = typical_taxi(play(day, world.road.links))
    monkeypatch.setattr(replay, "ODD_B", np.uint64(3))
    with pytest.raises(RuntimeError, match="its replay"):
        trace_taxi(day, world.road, taxi)


def test_lines_tell_shifts_turns_stands_pickups_and_dropoffs_in_the_order_of_time(world: World, day: PreparedDay) -> None:
    taxi = typical_taxi(play(day, world.road.links))
    traced = trace_taxi(day, world.road, taxi)
    header, *events, totals = lines_of(traced, world, DAY, 1)
    assert (header["event"], header["taxi"], totals["event"]) == ("taxi", taxi, "totals")
    assert [line["at_s"] for line in events] == sorted(line["at_s"] for line in events)
    counted = Counter(line["event"] for line in events)
    assert counted["pickup"] == counted["dropoff"] == totals["trips"] > 0
    assert counted["turn"] == totals["turns"] > counted["pickup"]
    assert counted["stand"] == sum(isinstance(event, Stand) for event in traced.events)
    assert counted["shift_start"] == counted["shift_end"] + counted["day_end"] >= 1
    assert sum(line["fare_minor"] for line in events if line["event"] == "dropoff") == totals["revenue_minor"]
    assert sum(line["followed"] for line in events if line["event"] == "turn") == totals["followed"]


def test_the_typical_taxi_earns_the_median_of_those_who_follow(world: World, day: PreparedDay) -> None:
    outcome = play(day, world.road.links)
    earned = {
        taxi: totals_of(trace_taxi(day, world.road, taxi), world).revenue_minor
        for taxi in np.flatnonzero(outcome.fleet.on_duty & outcome.fleet.follower).tolist()
    }
    below = sum(each < earned[typical_taxi(outcome)] for each in earned.values())
    assert below <= len(earned) / 2
    assert sum(each <= earned[typical_taxi(outcome)] for each in earned.values()) >= len(earned) / 2


def test_a_way_leads_link_by_link_and_is_no_slower_than_any_trip_of_the_city(world: World) -> None:
    road, rng = world.road, np.random.default_rng(5)
    for start, goal in rng.integers(0, road.links, (20, 2)).tolist():
        links, seconds = fastest_way(road, start, goal)
        assert [start, *links][-1] == goal
        for link, following in zip([start, *links], links, strict=False):
            assert following in road.successors[link]
        assert seconds == sorted(seconds)
        for middle in rng.integers(0, road.links, 3).tolist():
            there, back = fastest_way(road, start, middle)[1], fastest_way(road, middle, goal)[1]
            detour = (there[-1] if there else 0.0) + (back[-1] if back else 0.0)
            assert (seconds[-1] if seconds else 0.0) <= detour + 1e-6


def test_the_page_holds_the_day_and_asks_nobody_for_anything(world: World, day: PreparedDay) -> None:
    traced = trace_taxi(day, world.road, typical_taxi(play(day, world.road.links)))
    page = trace_page(traced, world, DAY)
    assert "http://" not in page
    assert "https://" not in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    trips = totals_of(traced, world).trips
    assert sum(leg["kind"] == "occupied" for leg in data["legs"]) == trips
    for leg in data["legs"]:
        assert len(leg["line"]) == 2 * len(leg["at"])
        assert leg["at"] == sorted(leg["at"])
    assert page == trace_page(traced, world, DAY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A city folder of twelve days and 25 taxis."""
    path = tmp_path_factory.mktemp("cities") / "small"
    write_city(small_city(), path, Papers(("made up",), {"kind": "test"}, {"kept": 1}))
    return str(path)


def test_the_command_writes_lines_and_a_map(tmp_path: Path, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "day.html"
    assert trace_command([folder, "--map", str(page)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (lines[0]["city"], lines[0]["day"], lines[-1]["event"]) == ("small", "2024-03-15", "totals")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert trace_command([folder, "--taxi", str(lines[0]["taxi"])]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--taxi", "500"], "a taxi must be a number from 0 to 24, or `typical`, but got 500"),
        (["--taxi", "-1"], "but got -1"),
        (["--day", "2016-01-01"], "must be covered by the city's records"),
        (["--day", "2015-02-30"], "a date that exists"),
        (["--day", "2024-03-04"], "a day before it to learn from"),
        (["--history-days", "0"], "a day before it to learn from"),
        (["--parameter", "gamma"], "NAME=VALUE with a number"),
        (["--parameter", "gamma=7"], "0.5 <= gamma <= 0.999 must hold"),
        (["--set", "nonsense=7"], "must be one that `hailsim describe` lists"),
    ],
)
def test_bad_input_is_said_in_words_and_nothing_is_written(
    tmp_path: Path, folder: str, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    page = tmp_path / "day.html"
    assert trace_command([folder, *arguments, "--map", str(page)]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert not page.exists()


def test_a_map_that_cannot_be_written_is_said_in_words(tmp_path: Path, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace_command([folder, "--map", str(tmp_path / "nowhere" / "day.html")]) == 2
    said = capsys.readouterr()
    assert "the map must be written to a file" in said.err
    assert said.out == ""
