"""Trip records from the field that once went wrong, one kind of fault per test."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from city_samples import sample_trips, write_table_source
from osm_samples import TLC_HEADER, osm_graph, plain_tags, run_import, tlc_rows, write_network, write_trips

from hailsim.faults import BadInput
from hailsim.findings import counts
from hailsim.model.city import City
from hailsim.model.folder import read_city
from hailsim.readers.command import import_command
from hailsim.readers.junction_folder import read_junction_folder
from hailsim.readers.prepare import drop_repeats, trip_durations
from hailsim.readers.progress import ProgressLine, format_duration
from hailsim.readers.trip_tables import read_trips

Rows = dict[str, list[object]]


def imported(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rows: Sequence[Sequence[str]], header: str = TLC_HEADER
) -> tuple[City, dict[str, Any]]:
    trips = write_trips(tmp_path / "trips.csv", rows, header)
    return imported_file(capsys, tmp_path, trips)


def imported_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path) -> tuple[City, dict[str, Any]]:
    network = write_network(tmp_path / "n.json", osm_graph(plain_tags))
    code, report, text = run_import(capsys, network, "--trips", trips, "--out", tmp_path / "city", "--force")
    assert code == 0, text
    return read_city(tmp_path / "city"), report


def dated(year: int, row: Sequence[str]) -> list[str]:
    return [row[0], f"{year:04}-01-05 12:00:00", f"{year:04}-01-05 12:05:00", *row[3:]]


@pytest.mark.parametrize("years", [[2001], [1900, 2088], [2001] * 3 + list(range(1970, 2000))])
def test_stray_dates_change_no_day_and_are_counted_by_year(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, years: list[int]
) -> None:
    # The records end within a day, which must not count as whole because a stray comes after it.
    rows = [*tlc_rows(), *[[row[0], *(f"2015-03-05{text[10:]}" for text in row[1:3]), *row[3:]] for row in tlc_rows()[:3]]]
    plain, _ = imported(capsys, tmp_path, rows)
    strayed, report = imported(capsys, tmp_path, [*rows, *(dated(year, row) for year, row in zip(years, rows, strict=False))])
    assert (strayed.first_day, strayed.last_day, strayed.fleet.taxis) == (plain.first_day, plain.last_day, plain.fleet.taxis)
    assert report["days"]["stray_trips_by_year"] == {str(year): years.count(year) for year in sorted(set(years))}
    assert len(report["days"]["left_out"]) == 1


@pytest.mark.parametrize("year", [1, 9999, 1899, 2100])
def test_a_date_that_no_calendar_holds_is_one_more_unreadable_time(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, year: int
) -> None:
    rows = tlc_rows()
    city, report = imported(capsys, tmp_path, [*rows, dated(year, rows[0])])
    assert report["trips"]["rejected"]["unreadable_time"] == 1
    assert f"{year:04}-01-05" in report["examples"]["unreadable_time"]
    assert city.days == 3


def test_years_beyond_the_calendar_are_unreadable_in_parquet_too(tmp_path: Path) -> None:
    rows = sample_trips(20)
    rows["pickup_ts"][2] = datetime(1, 1, 1)
    rows["dropoff_ts"][3] = datetime(9999, 12, 31, 23)
    trips = read_junction_folder(write_table_source(tmp_path / "source", trips=rows)).trips
    assert counts(trips.unreadable) == {"unreadable_time": 2}


IDS = [["a", "b", "a", None, "", "c", "b", "a"], [1.5, 2.5, 1.5, None, float("nan"), 3.5, 2.5, 1.5]]
HASHES = ["8d89aa70" * 16, "bc23b8b0" * 16]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(IDS[0]),
        pa.array(IDS[0]).dictionary_encode(),
        pa.array(IDS[0], pa.large_string()),
        pa.array([value and value.encode() for value in IDS[0]], pa.binary()),
        pa.array(IDS[1], pa.float64()),
        pa.array([HASHES[0], HASHES[1], HASHES[0], None, " ", "7", HASHES[1], HASHES[0]]),
        pa.array([2**64 - 1, 2**64 - 2, 2**64 - 1, None, None, 3, 2**64 - 2, 2**64 - 1], pa.uint64()),
    ],
    ids=["text", "dictionary", "large text", "bytes", "fractions", "hashes", "large integers"],
)
def test_cabs_are_told_apart_by_any_id_and_a_missing_one_is_no_cab(tmp_path: Path, ids: pa.Array) -> None:
    trips = read_trips(trips_with(tmp_path, "cab_id", ids), {})
    assert trips.cab is not None
    assert trips.cab.tolist() == [0, 1, 0, -1, -1, 2, 1, 0]
    assert counts(trips.repaired) == {"missing_cab": 2}


def test_whole_numbers_are_one_cab_however_they_are_stored(tmp_path: Path) -> None:
    cabs: dict[str, int] = {}
    found = [
        read_trips(trips_with(tmp_path, "cab_id", pa.array([7, 8, *[9] * 6], kind)), cabs).cab
        for kind in (pa.int64(), pa.float64())
    ]
    text = read_trips(trips_with(tmp_path, "cab_id", pa.array(["7", "8", *["9"] * 6])), cabs).cab
    assert [cab.tolist() for cab in (*found, text) if cab is not None] == [[0, 1, *[2] * 6]] * 3


@pytest.mark.parametrize(
    ("name", "values", "rule"),
    [
        ("cab_id", pa.array([[1]] * 8), "`cab_id` must be a number or text"),
        ("cab_id", pa.array([True] * 8), "`cab_id` must be a number or text"),
        ("distance_m", pa.array(["far"] * 8), "`distance_m` must be a number"),
        ("duration_s", pa.array(["long"] * 8), "`duration_s` must be a number"),
    ],
)
def test_optional_columns_are_checked_like_required_ones(tmp_path: Path, name: str, values: pa.Array, rule: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_trips(trips_with(tmp_path, name, values), {})
    assert [fault.rule for fault in refused.value.faults] == [rule]


def trips_with(folder: Path, name: str, values: pa.Array) -> Path:
    rows = sample_trips(8)
    moments = {key: pa.array(rows.pop(key), pa.timestamp("us", tz="UTC")) for key in ("pickup_ts", "dropoff_ts")}
    pq.write_table(pa.table({**rows, **moments, name: values}), folder / "trips.parquet")
    return folder / "trips.parquet"


def test_one_missing_distance_is_estimated_and_counted(tmp_path: Path) -> None:
    trips = read_trips(trips_with(tmp_path, "distance_m", pa.array([None, *[700.0] * 7])), {})
    assert trips.distance_m is not None
    assert counts(trips.repaired) == {"distance_estimated": 1}
    # Trips last 180, 240, 300 and 360 s in turn; the seven others drive 4,900 m in 1,980 s.
    assert trips.distance_m[0] == pytest.approx(180.0 * 4_900 / 1_980)


def test_repeated_rows_are_rejected_and_do_not_enlarge_the_fleet(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = sample_trips()
    once = write_table_source(tmp_path / "once", trips=rows)
    twice = write_table_source(tmp_path / "twice", trips={name: [*values, *values] for name, values in rows.items()})
    cities = []
    for source in (once, twice):
        capsys.readouterr()
        assert import_command([str(source), "--out", str(tmp_path / f"{source.name}_city")]) == 0
        cities.append(read_city(tmp_path / f"{source.name}_city"))
    assert '"repeated_row": 800' in capsys.readouterr().out
    assert cities[0].fleet.taxis == cities[1].fleet.taxis
    assert np.array_equal(cities[0].trips.appears_s, cities[1].trips.appears_s)


def test_another_cab_at_the_same_time_and_place_is_no_repeat(tmp_path: Path) -> None:
    rows: Rows = {name: [value[0]] * 3 for name, value in sample_trips(1).items()}
    rows["cab_id"] = [1, 2, 1]
    source, found = drop_repeats(read_junction_folder(write_table_source(tmp_path / "source", trips=rows)))
    assert (len(source.trips), counts(found)) == (2, {"repeated_row": 1})


def test_trailing_cells_beyond_the_header_are_read_as_published(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    header = TLC_HEADER.replace("tpep_pickup", "lpep_pickup").replace("tpep_dropoff", "Lpep_dropoff") + ",Trip_type \n"
    plain, _ = imported(capsys, tmp_path, tlc_rows())
    wide, report = imported(capsys, tmp_path, [[*row, "1", "", ""] for row in tlc_rows()], header)
    assert report["trips"]["kept"] == len(plain.trips)
    assert np.array_equal(plain.trips.pickup_link, wide.trips.pickup_link)


def test_a_row_of_another_width_is_skipped_and_counted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = tlc_rows()
    _, report = imported(capsys, tmp_path, [*rows, rows[0][:4], [*rows[0], "more"]])
    assert report["trips"]["rejected"]["row_of_another_width"] == 2
    assert report["examples"]["row_of_another_width"].startswith("4 instead of 7 cells: 1,2015-03-02")


def test_names_of_2009_are_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    header = "vendor_name,Trip_Pickup_DateTime,Trip_Dropoff_DateTime,Start_Lon,Start_Lat,End_Lon,End_Lat"
    plain, _ = imported(capsys, tmp_path, tlc_rows())
    city, _ = imported(capsys, tmp_path, tlc_rows(), header)
    assert np.array_equal(plain.trips.pickup_link, city.trips.pickup_link)


@pytest.mark.parametrize("form", ["gzip", "parquet text", "parquet typed", "byte order mark"])
def test_trips_in_another_file_form_make_the_same_city(capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str) -> None:
    plain, _ = imported(capsys, tmp_path, tlc_rows())
    content = (tmp_path / "trips.csv").read_bytes()
    path = tmp_path / "other"
    if form == "gzip":
        path.write_bytes(gzip.compress(content))
    elif form == "byte order mark":
        path.write_bytes(b"\xef\xbb\xbf" + content)
    else:
        table = pacsv.read_csv(io.BytesIO(content))
        kinds = [pa.string() if form == "parquet text" else field.type for field in table.schema]
        pq.write_table(table.cast(pa.schema(zip(table.column_names, kinds, strict=True))), path)
    city, report = imported_file(capsys, tmp_path, path)
    assert (city.trips.pickup_link.tolist(), report["trips"]["kept"]) == (
        plain.trips.pickup_link.tolist(),
        len(plain.trips),
    )


def quarter_hours(rows: Rows) -> Rows:
    def rounded(moment: Any) -> datetime:
        return datetime.fromtimestamp(moment.timestamp() // 900 * 900, tz=moment.tzinfo)

    return {**rows, **{name: [rounded(moment) for moment in rows[name]] for name in ("pickup_ts", "dropoff_ts")}}


def test_rounded_times_are_named_and_their_durations_not_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = write_table_source(tmp_path / "source", trips=quarter_hours(sample_trips()))
    capsys.readouterr()
    assert import_command([str(source), "--out", str(tmp_path / "city")]) == 0
    captured = capsys.readouterr()
    assert (
        "WARNING   times are rounded to 15 min: customers appear in bursts, and no trip has a usable duration" in captured.err
    )
    assert "default profile: the times are rounded to 15 min" in captured.err
    assert "duration_out_of_range" not in captured.out


def test_recorded_durations_replace_those_of_rounded_times(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = sample_trips()
    seconds = [180.0 + 60.0 * (k % 4) for k in range(800)]
    source = write_table_source(tmp_path / "source", trips={**quarter_hours(rows), "duration_s": seconds})
    exact = write_table_source(tmp_path / "exact", trips=rows)
    for folder in (source, exact):
        capsys.readouterr()
        assert import_command([str(folder), "--out", str(tmp_path / f"{folder.name}_city")]) == 0
    factors = [read_city(tmp_path / f"{name}_city").travel_time_factor for name in ("source", "exact")]
    # The trips of an hour are others when their times are rounded.
    assert factors[0].mean() == pytest.approx(factors[1].mean(), rel=0.05)


def test_exact_times_and_few_trips_do_not_count_as_rounded(tmp_path: Path) -> None:
    exact = read_junction_folder(write_table_source(tmp_path / "exact")).trips
    few = read_junction_folder(write_table_source(tmp_path / "few", trips=quarter_hours(sample_trips(20)))).trips
    assert trip_durations(exact).rounding_s == trip_durations(few).rounding_s == 0


def test_factors_at_a_bound_are_a_warning(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = sample_trips()
    rows["dropoff_ts"] = [moment + timedelta(minutes=50) for moment in rows["pickup_ts"]]  # type: ignore[operator]
    source = write_table_source(tmp_path / "source", trips=rows)
    capsys.readouterr()
    assert import_command([str(source), "--out", str(tmp_path / "city")]) == 0
    assert "travel-time factors are at a bound (1 or 4)" in capsys.readouterr().err


class Stream(io.StringIO):
    terminal = False

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_the_time_left_and_stays_rare(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    now_s = [0.0]
    monkeypatch.setattr("hailsim.readers.progress.time.monotonic", lambda: now_s[0])
    stream = Stream()
    stream.terminal = terminal
    progress = ProgressLine(stream)
    progress.stage("drives")
    for done in range(1, 101):
        now_s[0] += 2.0
        progress.advance(done, 100)
    progress.close()
    text = stream.getvalue()
    assert "hailsim import, 2 min: drives: 50%, 2 min left" in text if terminal else "min left\n" in text
    assert text.count("left") <= (100 if terminal else 21)
    assert text.endswith("\r") == terminal


def test_a_quick_import_shows_no_progress(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    imported(capsys, tmp_path, tlc_rows())
    assert "left" not in capsys.readouterr().err


def test_durations_read_like_durations() -> None:
    assert [format_duration(s) for s in (0.4, 45.0, 200.0, 7_500.0)] == ["0 s", "45 s", "3 min", "2 h 05 min"]
