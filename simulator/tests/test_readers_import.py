from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from city_samples import sample_trips, write_table_source

from hailsim.__main__ import main
from hailsim.model.folder import read_city
from hailsim.model.paths import drive_times
from hailsim.readers.command import import_command


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_table_source(tmp_path / "source")


def imported(capsys: pytest.CaptureFixture[str], source: Path, out: Path, *flags: str) -> dict[str, Any]:
    capsys.readouterr()
    assert import_command([str(source), "--out", str(out), *flags]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def refused(capsys: pytest.CaptureFixture[str], source: Path, out: Path, *flags: str) -> list[dict[str, str]]:
    capsys.readouterr()
    assert import_command([str(source), "--out", str(out), *flags]) == 2
    captured = capsys.readouterr()
    faults: list[dict[str, str]] = json.loads(captured.out)["faults"]
    assert all(fault["rule"] in captured.err for fault in faults)
    return faults


def changed(folder: Path, change: dict[int, dict[str, object]]) -> Path:
    rows = sample_trips()
    for row, values in change.items():
        for name, value in values.items():
            rows[name][row] = value
    return write_table_source(folder, trips=rows)


def test_an_import_makes_a_folder_that_reads_back(capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path) -> None:
    report = imported(capsys, source, tmp_path / "city")
    city = read_city(tmp_path / "city")
    assert (city.name, city.timezone, city.driving_side) == ("san_francisco", "America/Los_Angeles", "right")
    assert (city.digest, len(city.trips)) == (report["digest"], report["trips"]["kept"])
    assert report["trips"]["read"] == 800 == report["trips"]["kept"] + sum(report["trips"]["rejected"].values())
    assert report["days"] == {
        "first": "2024-03-04",
        "last": "2024-03-07",
        "covered": 4,
        "day_start_hour": 4,
        "trips_a_day": {"least": 197, "median": 198.0, "most": 198},
        "left_out": {"2024-03-03": 9},
    }
    assert report["snapping_m"]["pickup"]["p50"] == pytest.approx(4.0, abs=0.1)
    assert report["snapping_m"]["dropoff"]["p100"] == pytest.approx(5.0, abs=0.1)


def test_drives_of_an_imported_city_use_the_fastest_combination_of_directions(
    capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    imported(capsys, source, tmp_path / "city")
    city = read_city(tmp_path / "city")
    trips = city.trips
    time_s, distance_m = drive_times(
        city.network, city.turn_s, trips.pickup_link.astype(np.int64), trips.dropoff_link.astype(np.int64)
    )
    assert np.allclose(trips.drive_freeflow_s, time_s, atol=1e-3)
    assert np.allclose(trips.distance_m, distance_m, atol=0.5)
    assert (trips.drive_freeflow_s > 0).all()


def test_the_same_import_twice_is_the_same_city_whatever_the_order_of_rows(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one = imported(capsys, write_table_source(tmp_path / "a"), tmp_path / "one")
    two = imported(capsys, write_table_source(tmp_path / "a"), tmp_path / "two")
    assert one["digest"] == two["digest"]
    rows = {name: values[::-1] for name, values in sample_trips().items()}
    imported(capsys, write_table_source(tmp_path / "b", trips=rows), tmp_path / "three")
    assert (tmp_path / "one" / "trips.parquet").read_bytes() == (tmp_path / "three" / "trips.parquet").read_bytes()


def test_every_rejected_row_is_counted_under_its_reason(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = sample_trips()
    lat, lon = rows["pickup_lat"], rows["pickup_lon"]
    folder = changed(
        tmp_path / "source",
        {
            100: {"pickup_lat": float("nan")},
            101: {"dropoff_lat": 0.0, "dropoff_lon": 0.0},
            102: {"pickup_lat": lon[102], "pickup_lon": lat[102]},
            103: {"pickup_lat": 37.9},
            104: {"dropoff_lat": 95.0},
            105: {"dropoff_ts": rows["pickup_ts"][104]},
            106: {"dropoff_ts": rows["pickup_ts"][206]},
            107: {"dropoff_lat": lat[107], "dropoff_lon": lon[107]},
        },
    )
    report = imported(capsys, folder, tmp_path / "city")
    rejected = report["trips"]["rejected"]
    assert rejected == {
        "missing_coordinates": 1,
        "zero_coordinates": 1,
        "swapped_lat_lon": 1,
        "coordinates_out_of_range": 1,
        "dropoff_before_pickup": 1,
        "duration_out_of_range": 1,
        "outside_covered_days": 9,
        "too_far_from_a_link": 1,
        "same_street": 1,
    }
    assert report["trips"]["kept"] == 800 - sum(rejected.values())


def test_swapped_coordinates_are_refused_with_the_reason(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = sample_trips()
    for end in ("pickup", "dropoff"):
        rows[f"{end}_lat"], rows[f"{end}_lon"] = rows[f"{end}_lon"], rows[f"{end}_lat"]
    faults = refused(capsys, write_table_source(tmp_path / "source", trips=rows), tmp_path / "city")
    assert "swapped_lat_lon 800" in faults[0]["value"]
    assert not (tmp_path / "city").exists()


def test_days_are_whole_and_hours_local_across_a_clock_change(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # Clocks go forward in California on 2024-03-10 at 02:00, within the operating day of the 9th.
    rows = sample_trips(1600, datetime(2024, 3, 7, 12, 0, tzinfo=UTC))
    report = imported(capsys, write_table_source(tmp_path / "source", trips=rows), tmp_path / "city")
    assert (report["days"]["first"], report["days"]["covered"]) == ("2024-03-07", 8)
    trips = read_city(tmp_path / "city").trips
    before, after = (trips.appears_s[trips.day == day] for day in (1, 4))
    assert before.min() < 437
    assert after.min() < 437
    short_day = trips.appears_s[trips.day == 2]
    assert not ((short_day >= 22 * 3600) & (short_day < 23 * 3600)).any()
    assert report["days"]["trips_a_day"]["least"] == pytest.approx(23 * 3600 / 437, abs=1.1)


def test_trips_to_cut_links_are_counted_separately(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = sample_trips()
    # A road of 600 m leads out of the grid eastwards and never back; two trips end beside its far end.
    east = max(rows["pickup_lon"]) + 0.009  # type: ignore[type-var, operator]
    folder = changed(
        tmp_path / "source",
        {200: {"dropoff_lon": east, "dropoff_lat": 37.77}, 201: {"dropoff_lon": east, "dropoff_lat": 37.77}},
    )
    lines = (folder / "nodes.csv").read_text()
    (folder / "nodes.csv").write_text(lines + f"far,{east},37.77\n")
    (folder / "edges.csv").write_text((folder / "edges.csv").read_text() + "out,j5,far,600,1,36\n")
    report = imported(capsys, folder, tmp_path / "city")
    assert report["network"]["links_cut"] == 1
    assert report["trips"]["rejected"]["into_the_cut"] == 2


def test_timestamps_without_a_zone_are_refused_by_the_import(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    faults = refused(capsys, write_table_source(tmp_path / "source", zone=None), tmp_path / "city")
    assert all("with a zone" in fault["rule"] for fault in faults)


def test_every_fault_of_the_command_line_is_named_at_once(
    capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    flags = (
        "--timezone",
        "Mars/Base",
        "--name",
        "Big City",
        "--day-start-hour",
        "25",
        "--taxis",
        "0",
        "--first-day",
        "2024-02-30",
        "--max-snap-m",
        "0",
    )
    assert len(refused(capsys, source, tmp_path / "city", *flags)) == 6
    assert not (tmp_path / "city").exists()


def test_an_unknown_city_needs_time_zone_driving_side_and_tariff(
    capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    nodes = (source / "nodes.csv").read_text().replace("-122.4", "-132.4")
    (source / "nodes.csv").write_text(nodes)
    faults = refused(capsys, source, tmp_path / "city")
    assert [fault["remedy"].split()[1] for fault in faults] == ["--timezone,", "--driving-side", "--fare"]


def test_flags_override_known_city_defaults(capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path) -> None:
    fare = {"currency": "JPY", "minor_per_major": 1, "flag_fall_minor": 500, "per_km_minor": 400, "per_minute_minor": 90}
    (tmp_path / "fare.json").write_text(json.dumps(fare))
    flags = ("--name", "left_city", "--driving-side", "left", "--fare", str(tmp_path / "fare.json"), "--taxis", "7")
    flags += ("--holidays", "2024-03-05,2030-01-01", "--first-day", "2024-03-05", "--attribution", "Me")
    imported(capsys, source, tmp_path / "city", *flags)
    city = read_city(tmp_path / "city")
    assert (city.name, city.driving_side, city.drivers, city.fare.currency) == ("left_city", "left", 7, "JPY")
    assert [day.isoformat() for day in sorted(city.holidays)] == ["2024-03-05"]
    assert city.first_day.isoformat() == "2024-03-05"
    assert json.loads((tmp_path / "city" / "city.json").read_text())["attribution"] == ["Me"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"currency": "USD"}',
        '{"currency": "USD", "minor_per_major": 100, "flag_fall_minor": 1.5, "per_km_minor": 1, "per_minute_minor": 1}',
    ],
)
def test_a_wrong_fare_file_is_refused(capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "fare.json").write_text(text)
    assert (
        str(tmp_path / "fare.json")
        in refused(capsys, source, tmp_path / "city", "--fare", str(tmp_path / "fare.json"))[0]["place"]
    )


def test_a_fare_out_of_bounds_is_refused_and_nothing_written(
    capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    fare = {"currency": "usd", "minor_per_major": 100, "flag_fall_minor": -1, "per_km_minor": 1, "per_minute_minor": 1}
    (tmp_path / "fare.json").write_text(json.dumps(fare))
    assert len(refused(capsys, source, tmp_path / "city", "--fare", str(tmp_path / "fare.json"))) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fare.json", "source"]


def test_a_city_is_replaced_only_with_force(capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path) -> None:
    first = imported(capsys, source, tmp_path / "city")
    assert "--force" in refused(capsys, source, tmp_path / "city", "--taxis", "9")[0]["remedy"]
    assert read_city(tmp_path / "city").digest == first["digest"]
    second = imported(capsys, source, tmp_path / "city", "--taxis", "9", "--force")
    assert read_city(tmp_path / "city").digest == second["digest"] != first["digest"]


def test_active_cabs_are_counted_from_trips_and_vacant_runs(
    capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    rows = sample_trips()
    moments = [pa.array(rows[name], pa.timestamp("us", tz="UTC")) for name in ("dropoff_ts", "pickup_ts")]
    # Each cab is vacant from its drop-off until its next pick-up, five trips on: it works all the time.
    table = {"cab_id": rows["cab_id"][:-5], "start_ts": moments[0][:-5], "end_ts": moments[1][5:]}
    pq.write_table(pa.table(table), source / "cruising.parquet")
    report = imported(capsys, source, tmp_path / "city")
    assert report["fleet"] == {
        "from": "cabs' trips and vacant runs",
        "taxis": 5,
        "mean_active_share": pytest.approx(1.0, abs=0.01),
    }
    more = imported(capsys, source, tmp_path / "more", "--taxis", "50")["fleet"]
    assert (more["taxis"], more["mean_active_share"]) == (50, pytest.approx(1.0, abs=0.01))


def test_travel_times_come_from_the_observed_trips(capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path) -> None:
    report = imported(capsys, source, tmp_path / "city")
    city = read_city(tmp_path / "city")
    assert report["travel_time"]["from"] == "fitted to observed trips"
    assert (city.travel_time_factor >= 1.0).all()
    assert (city.travel_time_factor <= 4.0).all()
    assert abs(float(np.median(city.travel_time_factor)) / report["travel_time"]["median_observed_over_freeflow"] - 1.0) < 0.15


@pytest.mark.parametrize("arguments", [["nowhere"], ["nowhere.csv"], ["nowhere.json", "--trips", "none.csv"]])
def test_a_missing_source_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]) -> None:
    assert "does not exist" in refused(capsys, tmp_path / arguments[0], tmp_path / "city", *arguments[1:])[0]["value"]


def test_the_command_runs_as_a_process_and_keeps_stdout_for_json(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hailsim", "import", str(source), "--out", str(tmp_path / "city")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trips"]["kept"] == 791
    assert "791 of 800 kept" in done.stderr
    again = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_an_unknown_command_is_refused_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fly"]) == 2
    assert "import CITY_SOURCE" in capsys.readouterr().err
    assert main([]) == 2
    assert main(["--help"]) == 0


def test_cabs_without_vacant_runs_determine_the_fleet_size(
    capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    report = imported(capsys, source, tmp_path / "city")
    assert report["fleet"]["taxis"] == 5
    assert report["fleet"]["from"] == "default working day; cabs with trips a day"
