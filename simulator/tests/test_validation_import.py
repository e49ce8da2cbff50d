"""What an import keeps of cabs' vacant runs, from a source that says much and from one that says little."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from city_samples import write_table_source

from hailsim.model.folder import read_city, read_observed
from hailsim.readers.command import import_command

# The source's days run from 04:00 in San Francisco, which is 12:00 UTC in winter.
SECOND_DAY = datetime(2024, 3, 5, 12, 0, tzinfo=UTC)


def write_runs(folder: Path, **more: object) -> None:
    """Cab 3 searches from 05:50 to 06:10 of the second day; cab 9, which has no trip, goes home from 07:00 to 07:05."""
    begins = [SECOND_DAY + timedelta(hours=1, minutes=50), SECOND_DAY + timedelta(hours=3)]
    ends = [begins[0] + timedelta(minutes=20), begins[1] + timedelta(minutes=5)]
    columns = {"cab_id": [3, 9], "start_ts": pa.array(begins, pa.timestamp("us", tz="UTC"))}
    columns["end_ts"] = pa.array(ends, pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({**columns, **more}), folder / "cruising.parquet")


def imported(tmp_path: Path, **more: object) -> Path:
    source = write_table_source(tmp_path / "source")
    write_runs(source, **more)
    flags = ["--day-start-hour", "4", "--name", "sample"]
    assert import_command([str(source), "--out", str(tmp_path / "city"), *flags]) == 0
    return tmp_path / "city"


def test_recorded_searches_distances_and_hours_are_preserved(tmp_path: Path) -> None:
    folder = imported(tmp_path, distance_m=[4000, 500], ends_in_pickup=[True, False])
    city, days = read_city(folder), read_observed(folder)
    assert [day.day for day in days] == [city.first_day + timedelta(days=n) for n in range(city.days)]
    second = days[1]
    assert (second.cabs, second.vacant_m) == (6, 4500.0)
    assert second.vacant_s[:4].tolist() == [0, 600, 600, 300]
    assert (second.searches[2], second.searches.sum(), second.search_s.mean) == (1, 1, 1200.0)
    assert second.trip_m.mean == 700.0
    # One trip every 437 s, of 180, 240, 300 and 360 s in turn.
    assert second.occupied_s.sum() == pytest.approx(86_400 / 437 * 270, rel=0.01)
    assert days[0].searches.sum() == days[0].vacant_s.sum() == 0


def test_a_source_without_distances_and_pickups_yields_none(tmp_path: Path) -> None:
    second = read_observed(imported(tmp_path))[1]
    assert second.vacant_m is None
    assert (second.searches.sum(), second.search_s.mean) == (0, None)
    assert second.vacant_s.sum() == 1500


def test_a_missing_distance_is_estimated_by_the_speed_of_the_others(tmp_path: Path) -> None:
    assert read_observed(imported(tmp_path, distance_m=[4000, None]))[1].vacant_m == 5000.0


def test_a_distance_column_without_values_is_ignored(tmp_path: Path) -> None:
    empty = pa.array([None, None], pa.float64())
    assert read_observed(imported(tmp_path, distance_m=empty))[1].vacant_m is None


def test_a_source_without_vacant_runs_keeps_no_observation(tmp_path: Path) -> None:
    source = write_table_source(tmp_path / "source")
    assert import_command([str(source), "--out", str(tmp_path / "city")]) == 0
    assert read_observed(tmp_path / "city") == ()
