"""Sources spoiled in every way that sources are: an import refuses them in words and writes nothing, or makes a city in which
kernels and oracle agree.
"""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from city_samples import ORIGIN, both_ways
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oracle_runs import assert_day_agrees

from hailsim.model.calendar import History
from hailsim.model.folder import read_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters
from hailsim.readers.command import import_command

BLOCK_M, COLUMNS, ROWS = 200.0, 4, 3
# Days before and after which clocks change, and a city far from any change.
PERIODS = {
    "America/Los_Angeles": datetime(2024, 3, 9, 12, tzinfo=UTC),
    "Europe/Berlin": datetime(2024, 10, 26, 2, tzinfo=UTC),
    "Asia/Tokyo": datetime(2024, 5, 1, 19, tzinfo=UTC),
}
ROAD_FLAWS = (
    "twice", "no length", "loop", "dead end", "island", "way out", "no such junction", "below zero", "no speed", "too long",
)  # fmt: skip
TRIP_FLAWS = ("swapped", "backwards", "nowhere", "far away", "zero", "same place", "a second long")


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A source and its flaws; `every` of them means every trip, not one in five."""

    shape: str
    road_flaws: frozenset[str]
    trip_flaws: frozenset[str]
    every: bool
    trips_a_day: int
    zone: str


spoiled = st.builds(
    Spoiled,
    shape=st.sampled_from(["grid", "street", "star", "one way"]),
    road_flaws=st.frozensets(st.sampled_from(ROAD_FLAWS), max_size=3),
    trip_flaws=st.frozensets(st.sampled_from(TRIP_FLAWS), max_size=3),
    every=st.sampled_from([False, False, False, True]),
    trips_a_day=st.sampled_from([0, 1, 12, 60]),
    zone=st.sampled_from(sorted(PERIODS)),
)
worlds = st.fixed_dictionaries(
    {
        "follower_share": st.sampled_from([0.0, 0.5, 1.0]),
        "taxis": st.sampled_from([1, 12]),
        "latent_factor": st.sampled_from([0.05, 1.0, 3.0]),
        "standing_share": st.sampled_from([0.0, 0.25]),
    }
)


def cleaned(source: Spoiled) -> tuple[list[tuple[float, float]], list[tuple[int, int, str, str]]]:
    """Junctions in metres, and links as (from, to, length, speed) with their flaws."""
    points = [(BLOCK_M * (k % COLUMNS), BLOCK_M * (k // COLUMNS)) for k in range(COLUMNS * ROWS)]
    last = len(points) - 1
    streets = {
        "grid": [(k, k + 1) for k in range(last + 1) if (k + 1) % COLUMNS]
        + [(k, k + COLUMNS) for k in range(last + 1 - COLUMNS)],
        "street": [(0, 1)],
        "star": [(0, k) for k in (1, COLUMNS, COLUMNS + 1)],
        "one way": [(0, 1), (1, COLUMNS + 1), (COLUMNS + 1, COLUMNS), (COLUMNS, 0)],
    }[source.shape]
    pairs = streets if source.shape == "one way" else both_ways(streets)
    links = [(a, b, str(BLOCK_M), "36") for a, b in pairs]
    first = links[0]
    more = {
        "twice": [first, (first[0], first[1], "205.0", "30")],
        "no length": [(first[0], first[1], "0", "36")],
        "loop": [(0, 0, "50", "36")],
        "dead end": [(0, last + 1, "400", "36"), (last + 1, 0, "400", "36")],
        "island": [(last + 2, last + 3, "90", "36"), (last + 3, last + 2, "90", "36")],
        "way out": [(0, last + 1, "400", "36")],
        "no such junction": [(0, 99, "100", "36")],
        "below zero": [(first[1], first[0], "-5", "36")],
        "no speed": [(first[0], first[1], "190", "")],
        "too long": [(first[0], first[1], "90000", "1")],
    }
    points += [(-400.0, 0.0), (5000.0, 5000.0), (5000.0, 5090.0)]
    return points, links + [link for flaw in sorted(source.road_flaws) for link in more[flaw]]


def trips(source: Spoiled) -> dict[str, list[Any]]:
    """Three days and a bit of trips between streets, some or all of them spoiled."""
    rows: dict[str, list[Any]] = {f"{end}_{what}": [] for end in ("pickup", "dropoff") for what in ("ts", "lat", "lon")}
    count = int(3.3 * source.trips_a_day)
    for k in range(count):
        begin = PERIODS[source.zone] + timedelta(seconds=k * 86_400 // source.trips_a_day)
        place = [*ORIGIN.to_degrees(BLOCK_M * 0.3 * (k % 3), 4.0), *ORIGIN.to_degrees(4.0, BLOCK_M * (0.4 + k % 2))]
        end = begin + timedelta(seconds=120 + 60 * (k % 4))
        flaws = sorted(source.trip_flaws) if source.every or k % 5 == 0 else []
        for flaw in flaws:
            place, begin, end = spoil(flaw, [float(value) for value in place], begin, end)
        values = (begin, place[0], place[1], end, place[2], place[3])
        for name, value in zip(rows, values, strict=True):
            rows[name].append(value)
    return rows


def spoil(flaw: str, place: list[float], begin: datetime, end: datetime) -> tuple[list[float], datetime, datetime]:
    """One trip with one flaw."""
    match flaw:
        case "swapped":
            place = [place[1], place[0], place[3], place[2]]
        case "backwards":
            begin, end = end, begin
        case "nowhere":
            place = [float("nan"), *place[1:]]
        case "far away":
            place = [place[0] + 0.3, *place[1:]]
        case "zero":
            place = [0.0, 0.0, *place[2:]]
        case "same place":
            place = [*place[:2], *place[:2]]
        case "a second long":
            end = begin + timedelta(seconds=1)
        case _:
            raise ValueError(flaw)
    return place, begin, end


def write(source: Spoiled, folder: Path) -> None:
    """The folder of tables."""
    folder.mkdir()
    points, links = cleaned(source)
    lat, lon = ORIGIN.to_degrees(np.array([x for x, _ in points]), np.array([y for _, y in points]))
    nodes = "".join(f"{k},{b:.7f},{a:.7f}\n" for k, (a, b) in enumerate(zip(lat, lon, strict=True)))
    (folder / "nodes.csv").write_text("node_id,lon,lat\n" + nodes)
    edges = "".join(f"{k},{a},{b},{length},{speed}\n" for k, (a, b, length, speed) in enumerate(links))
    (folder / "edges.csv").write_text("edge_id,u,v,length_m,speed_kmh\n" + edges)
    stamp = pa.timestamp("s", tz="UTC")
    columns = {name: pa.array(values, stamp if name.endswith("ts") else pa.float64()) for name, values in trips(source).items()}
    pq.write_table(pa.table(columns), folder / "trips.parquet")


def imported(source: Path, out: Path, zone: str) -> tuple[int, dict[str, Any]]:
    """Exit code and what was printed."""
    printed = StringIO()
    with redirect_stdout(printed):
        code = import_command([str(source), "--out", str(out), "--timezone", zone, "--max-cut-share", "0.9"])
    found: dict[str, Any] = json.loads(printed.getvalue())
    return code, found


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@example(Spoiled("grid", frozenset(ROAD_FLAWS[:6]), frozenset(TRIP_FLAWS), False, 60, "Europe/Berlin"), {"follower_share": 1.0})
@example(Spoiled("street", frozenset(), frozenset(), False, 12, "America/Los_Angeles"), {"taxis": 12, "follower_share": 0.0})
@example(Spoiled("grid", frozenset(), frozenset({"swapped"}), True, 60, "Asia/Tokyo"), {})
@given(spoiled, worlds)
def test_a_damaged_source_is_refused_or_becomes_a_city_in_which_kernels_and_oracle_agree(
    source: Spoiled, world: dict[str, float]
) -> None:
    with TemporaryDirectory() as scratch:
        folder, out = Path(scratch) / "source", Path(scratch) / "city"
        write(source, folder)
        code, report = imported(folder, out, source.zone)
        if code == 2:
            assert report["faults"]
            assert all(all(str(fault[part]) for part in ("rule", "value", "place", "remedy")) for fault in report["faults"])
            assert [path.name for path in Path(scratch).iterdir()] == ["source"], "nothing half-written"
            return
        assert code == 0
        assert report["trips"]["read"] == report["trips"]["kept"] + sum(report["trips"]["rejected"].values())
        city = read_city(out)
    if city.days < 2:
        return
    history = History(city.first_day, city.last_day - timedelta(days=1))
    scenario = Scenario(read_parameters({}), read_settings({"taxis": 12, **world}), "statistics", history)
    assert_day_agrees(make_world(city), scenario, city.last_day, seed=1)


@pytest.mark.parametrize(
    ("source", "part"),
    [
        (Spoiled("grid", frozenset({"no such junction"}), frozenset(), False, 12, "Asia/Tokyo"), "join two junctions"),
        (Spoiled("grid", frozenset({"below zero"}), frozenset(), False, 12, "Asia/Tokyo"), "not negative"),
        (Spoiled("grid", frozenset(), frozenset({"swapped"}), True, 12, "Asia/Tokyo"), "swapped"),
        (Spoiled("grid", frozenset(), frozenset({"backwards"}), True, 12, "Asia/Tokyo"), "dropoff_before_pickup"),
        (Spoiled("grid", frozenset(), frozenset(), False, 0, "Asia/Tokyo"), "trips"),
    ],
)
def test_unrepairable_faults_are_named(source: Spoiled, part: str, tmp_path: Path) -> None:
    write(source, tmp_path / "source")
    code, report = imported(tmp_path / "source", tmp_path / "city", source.zone)
    assert code == 2
    assert part in json.dumps(report)
    assert not (tmp_path / "city").exists()
