from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from random_worlds import PLAYED_DAY, random_world
from small_city import FIRST_DAY, small_city

from hailsim.model.calendar import History
from hailsim.model.folder import Provenance, write_city
from hailsim.model.metrics import report_day
from hailsim.model.settings import read_settings
from hailsim.model.simulation import PreparedDay, Scenario, prepare_day, simulate_prepared_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters
from hailsim.routes import replay
from hailsim.routes.fastest_path import fastest_path
from hailsim.routes.replay import Stand, trace_taxi
from hailsim.routes.trace_command import trace_command
from hailsim.routes.trace_lines import event_lines, totals_of, typical_taxi
from hailsim.routes.trace_page import trace_page

DAY = FIRST_DAY.replace(day=FIRST_DAY.day + 3)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(small_city(taxis=12))


@pytest.fixture(scope="module")
def day(world: World) -> PreparedDay:
    history = History(FIRST_DAY, FIRST_DAY.replace(day=FIRST_DAY.day + 2))
    return prepare_day(world, Scenario(read_parameters({}), read_settings({}), "statistics", history), DAY, 1)


@pytest.mark.parametrize("number", range(12))
def test_traces_of_all_taxis_sum_exactly_to_the_metrics_of_the_day(number: int) -> None:
    world, scenario, seed = random_world(number)
    day = prepare_day(world, scenario, PLAYED_DAY, seed)
    report = report_day(simulate_prepared_day(day, world.graph.links), world.graph)
    totals = [totals_of(trace_taxi(day, world.graph, taxi), world) for taxi in range(len(day.fleet.follower))]
    assert sum(total.revenue_minor for total in totals) == report.metrics["revenue_minor"]
    assert sum(total.trips for total in totals) == report.metrics["trips"]
    outcome = simulate_prepared_day(day, world.graph.links).arrays
    assert sum(total.turns for total in totals) == int(outcome.entries.sum())
    assert [total.duty_s for total in totals] == outcome.duty_s.tolist()
    assert [total.busy_s for total in totals] == outcome.busy_s.tolist()
    assert sum(total.empty_m for total in totals) == pytest.approx(report.metrics["empty_distance_m"], rel=1e-9)
    assert sum(total.occupied_m for total in totals) == pytest.approx(report.metrics["occupied_distance_m"], rel=1e-9)


def test_a_replay_that_contradicts_the_kernels_raises(world: World, day: PreparedDay, monkeypatch: pytest.MonkeyPatch) -> None:
    taxi = typical_taxi(simulate_prepared_day(day, world.graph.links))
    monkeypatch.setattr(replay, "ODD_B", np.uint64(3))
    with pytest.raises(RuntimeError, match="its replay"):
        trace_taxi(day, world.graph, taxi)


def test_trace_lines_are_in_time_order_and_cover_every_kind_of_event(world: World, day: PreparedDay) -> None:
    taxi = typical_taxi(simulate_prepared_day(day, world.graph.links))
    traced = trace_taxi(day, world.graph, taxi)
    header, *events, totals = event_lines(traced, world, DAY, 1)
    assert (header["event"], header["taxi"], totals["event"]) == ("taxi", taxi, "totals")
    assert [line["at_s"] for line in events] == sorted(line["at_s"] for line in events)
    counted = Counter(line["event"] for line in events)
    assert counted["pickup"] == counted["dropoff"] == totals["trips"] > 0
    assert counted["turn"] == totals["turns"] > counted["pickup"]
    assert counted["stand"] == sum(isinstance(event, Stand) for event in traced.events)
    assert counted["shift_start"] == counted["shift_end"] + counted["day_end"] >= 1
    assert sum(line["fare_minor"] for line in events if line["event"] == "dropoff") == totals["revenue_minor"]
    assert sum(line["followed"] for line in events if line["event"] == "turn") == totals["followed"]


def test_the_typical_taxi_earns_the_median_of_followers(world: World, day: PreparedDay) -> None:
    outcome = simulate_prepared_day(day, world.graph.links)
    earned = {
        taxi: totals_of(trace_taxi(day, world.graph, taxi), world).revenue_minor
        for taxi in np.flatnonzero(outcome.fleet.on_duty & outcome.fleet.follower).tolist()
    }
    below = sum(each < earned[typical_taxi(outcome)] for each in earned.values())
    assert below <= len(earned) / 2
    assert sum(each <= earned[typical_taxi(outcome)] for each in earned.values()) >= len(earned) / 2


def test_a_fastest_path_is_connected_and_no_slower_than_the_recorded_drive(world: World) -> None:
    graph, rng = world.graph, np.random.default_rng(5)
    for start, goal in rng.integers(0, graph.links, (20, 2)).tolist():
        links, seconds = fastest_path(graph, start, goal)
        assert [start, *links][-1] == goal
        for link, following in zip([start, *links], links, strict=False):
            assert following in graph.successors[link]
        assert seconds == sorted(seconds)
        for middle in rng.integers(0, graph.links, 3).tolist():
            there, back = fastest_path(graph, start, middle)[1], fastest_path(graph, middle, goal)[1]
            detour = (there[-1] if there else 0.0) + (back[-1] if back else 0.0)
            assert (seconds[-1] if seconds else 0.0) <= detour + 1e-6


def test_the_trace_page_is_self_contained(world: World, day: PreparedDay) -> None:
    traced = trace_taxi(day, world.graph, typical_taxi(simulate_prepared_day(day, world.graph.links)))
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
    write_city(small_city(), path, Provenance(("made up",), {"kind": "test"}, {"kept": 1}))
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
        (["--day", "2024-03-04"], "at least one history day"),
        (["--history-days", "0"], "at least one history day"),
        (["--parameter", "gamma"], "NAME=VALUE with a number"),
        (["--parameter", "gamma=7"], "0.5 <= gamma <= 0.999 must hold"),
        (["--set", "nonsense=7"], "must be one that `hailsim describe` lists"),
    ],
)
def test_bad_input_is_reported_and_nothing_is_written(
    tmp_path: Path, folder: str, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    page = tmp_path / "day.html"
    assert trace_command([folder, *arguments, "--map", str(page)]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert not page.exists()


def test_an_unwritable_map_is_reported(tmp_path: Path, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace_command([folder, "--map", str(tmp_path / "nowhere" / "day.html")]) == 2
    said = capsys.readouterr()
    assert "the map must be written to a file" in said.err
    assert said.out == ""
