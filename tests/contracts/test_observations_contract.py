"""What every source of observations does: each row as it is there, and one clear error for what cannot be read."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow
import pytest
import sqlalchemy
from pyarrow import parquet
from sqlalchemy import create_engine, insert, text

from tests.services.bigquery import BigQueryService
from tests.services.mariadb import MariaDb
from tunegate.adapters.google.bigquery_dataset import BigQueryDataset
from tunegate.adapters.google.bigquery_observations import BigQueryObservations
from tunegate.adapters.local.observation_folder import ObservationFolderReader
from tunegate.adapters.observation_rows import COLUMNS
from tunegate.adapters.sql.observations import ObservationTableReader
from tunegate.domain.errors import BadInput
from tunegate.experiment.observations import Observation
from tunegate.ports.observations import Observations

START = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)  # the night in which Europe's clocks skip an hour
END = START + timedelta(days=2)
ROW = Observation(
    region="toy",
    window_start=START,
    arm="candidate",
    revenue_minor=2**53 + 1,
    driver_hours=0.1 + 0.2,
    trips=12,
    version=2,
    recorded_at=START + timedelta(hours=2, microseconds=123456),
    currency="USD",
    metrics={"wait_mean_s": 271.25},
)
Cells = dict[str, Any]


def cells(row: Observation, **changes: Any) -> Cells:
    values = {name: getattr(row, name) for name in COLUMNS}
    return {**values, "wait_mean_s": row.metrics.get("wait_mean_s"), **changes}


@dataclass
class Street:
    """A place of one kind, what writes to it, and what reads it. Rows are added; nothing is replaced."""

    kind: str
    reader: Observations
    write: Callable[[list[Cells]], None]
    vanish: Callable[[], None]

    def read(self, region: str = "toy") -> list[Observation]:
        return sorted(self.reader.read(region, START, END), key=lambda row: (row.window_start, row.arm, row.recorded_at))


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _folder(tmp_path: Path, suffix: str) -> Street:
    folder = tmp_path / "street"
    folder.mkdir()

    def write(rows: list[Cells]) -> None:
        path = folder / f"{len(list(folder.iterdir()))}.{suffix}"
        if suffix == "csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
        else:
            parquet.write_table(pyarrow.Table.from_pylist(rows), path)

    def vanish() -> None:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    return Street(suffix, ObservationFolderReader(folder), write, vanish)


def _sql(kind: str, url: str) -> Street:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE street (region VARCHAR(64), window_start VARCHAR(64), arm VARCHAR(64), revenue_minor BIGINT, "
                "driver_hours DOUBLE, trips BIGINT, version BIGINT, recorded_at VARCHAR(64), currency VARCHAR(8), "
                "wait_mean_s DOUBLE)"
            )
        )

    street = sqlalchemy.table("street", *map(sqlalchemy.column, (*COLUMNS, "wait_mean_s")))

    def write(rows: list[Cells]) -> None:
        with engine.begin() as connection:
            connection.execute(insert(street), [{name: _text(value) for name, value in row.items()} for row in rows])

    def vanish() -> None:
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE street"))

    return Street(kind, ObservationTableReader(url, "street"), write, vanish)


def _bigquery(service: BigQueryService) -> Street:
    types = ["STRING", "TIMESTAMP", "STRING", "INTEGER", "FLOAT", "INTEGER", "INTEGER", "TIMESTAMP", "STRING", "FLOAT"]
    fields = [
        {"name": name, "type": kind, "mode": "NULLABLE"} for name, kind in zip((*COLUMNS, "wait_mean_s"), types, strict=True)
    ]
    service._create_table(
        "results",
        {
            "tableReference": {"projectId": service.project, "datasetId": "results", "tableId": "street"},
            "schema": {"fields": fields},
            "timePartitioning": {"field": "window_start"},
            "clustering": {"fields": ["region"]},
        },
    )

    def write(rows: list[Cells]) -> None:
        for row in rows:
            service._database.execute(
                "INSERT INTO results.street VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [row[name] for name in (*COLUMNS, "wait_mean_s")],
            )

    dataset = BigQueryDataset(service.project, "results", retry_for_s=5.0, tables=())
    reader = BigQueryObservations(dataset, "street")
    return Street("bigquery", reader, write, lambda: service._database.execute("DROP TABLE results.street") and None)


@pytest.fixture(
    params=["csv", "parquet", "sqlite", *(pytest.param(name, marks=pytest.mark.services) for name in ("mariadb", "bigquery"))]
)
def street(request: pytest.FixtureRequest, tmp_path: Path) -> Street:
    match request.param:
        case "csv" | "parquet":
            return _folder(tmp_path, request.param)
        case "sqlite":
            return _sql("sqlite", f"sqlite:///{tmp_path}/street.sqlite")
        case "mariadb":
            server: MariaDb = request.getfixturevalue("mariadb")
            return _sql("mariadb", server.database().url)
        case _:
            return _bigquery(request.getfixturevalue("bigquery"))


def test_a_row_reads_back_equal_in_every_figure(street):
    street.write([cells(ROW)])
    assert street.read() == [ROW]
    assert type(street.read()[0].revenue_minor) is int


def test_corrections_and_repeated_rows_are_all_there_for_the_analysis(street):
    corrected = replace(ROW, revenue_minor=7, recorded_at=ROW.recorded_at + timedelta(days=1))
    street.write([cells(ROW), cells(ROW)])
    street.write([cells(corrected)])
    assert street.read() == [ROW, ROW, corrected]


def test_only_windows_of_the_region_and_of_the_span_are_given(street):
    outside = [START - timedelta(minutes=1), END]
    street.write([cells(ROW), *(cells(ROW, window_start=each) for each in outside), cells(ROW, region="other")])
    assert street.read() == [ROW]
    assert [row.region for row in street.read("other")] == ["other"]


def test_a_metric_that_a_window_does_not_have_is_left_out(street):
    street.write([cells(ROW), cells(ROW, arm="production", wait_mean_s=None)])
    assert [dict(row.metrics) for row in street.read()] == [{"wait_mean_s": 271.25}, {}]


def test_rows_that_come_later_are_seen_by_the_next_look(street):
    street.write([cells(ROW)])
    assert len(street.read()) == 1
    street.write([cells(ROW, window_start=START + timedelta(hours=1))])
    assert len(street.read()) == 2


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("revenue_minor", -1, "`revenue_minor` must be at least 0, but got"),
        ("trips", -3, "`trips` must be at least 0, but got"),
        ("driver_hours", -0.5, "`driver_hours` must be at least 0, but got"),
        ("version", 0, "`version` must be at least 1, but got"),
        ("arm", "", "`arm` must be text, but got"),
        ("currency", "", "`currency` must be text, but got"),
        ("driver_hours", None, "`driver_hours` must be"),
    ],
)
def test_a_value_that_cannot_be_is_one_fault_that_names_row_and_remedy(street, column, value, says):
    street.write([cells(ROW), {**cells(ROW, arm="production"), column: value}])
    with pytest.raises(BadInput) as refused:
        street.read()
    assert len(refused.value.faults) == 1
    assert says in str(refused.value)
    assert "docs/observations.md" in str(refused.value)


def test_a_place_that_vanishes_is_a_fault_with_a_remedy(street):
    street.write([cells(ROW)])
    assert street.read() == [ROW]
    street.vanish()
    with pytest.raises(BadInput, match=r"must (be in a|exist)"):
        street.read()


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
@pytest.mark.parametrize("column", ["window_start", "recorded_at"])
@pytest.mark.parametrize("value", ["2026-03-29T00:00:00", "2026-03-29", "yesterday", ""])
def test_a_time_without_a_zone_is_a_fault(kind, column, value, tmp_path):
    street = _folder(tmp_path, "csv") if kind == "csv" else _sql("sqlite", f"sqlite:///{tmp_path}/street.sqlite")
    street.write([cells(ROW, **{column: value})])
    with pytest.raises(BadInput, match=f"`{column}` must (have a zone|be an instant)"):
        street.read()


def test_naive_timestamps_of_parquet_are_a_fault(tmp_path):
    street = _folder(tmp_path, "parquet")
    street.write([cells(ROW, window_start=START.replace(tzinfo=None))])
    with pytest.raises(BadInput, match="`window_start` must have a zone"):
        street.read()


def test_instants_in_other_zones_are_the_same_instants(tmp_path):
    street = _folder(tmp_path, "csv")
    berlin = START.astimezone(ZoneInfo("Europe/Berlin"))
    street.write([cells(ROW, window_start=berlin)])
    assert street.read() == [ROW]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_is_half_written_is_a_fault_and_one_under_a_hidden_name_is_not_read(tmp_path, suffix):
    street = _folder(tmp_path, suffix)
    street.write([cells(ROW), cells(ROW, arm="production")])
    path = tmp_path / "street" / f"0.{suffix}"
    whole = path.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        with pytest.raises(BadInput, match=r"must (end with a line break|be sound|have a column|have as many fields)"):
            street.read()
    path.rename(path.with_name(f".0.{suffix}"))
    assert street.read() == []
    path.write_bytes(whole)
    assert len(street.read()) == 2


def test_a_missing_column_is_one_fault_for_the_file(tmp_path):
    street = _folder(tmp_path, "csv")
    street.write([{name: value for name, value in cells(ROW).items() if name != "currency"}] * 3)
    with pytest.raises(BadInput) as refused:
        street.read()
    assert [fault.rule for fault in refused.value.faults] == ["observations must have a column currency"]


def test_many_bad_rows_are_counted_and_not_all_listed(tmp_path):
    street = _folder(tmp_path, "csv")
    street.write([cells(ROW, trips=-1)] * 1000)
    with pytest.raises(BadInput) as refused:
        street.read()
    assert len(refused.value.faults) == 21
    assert "980 more" in str(refused.value.faults[-1])


def test_nothing_is_written_to_a_database_of_somebody_else(tmp_path):
    street = _sql("sqlite", f"sqlite:///{tmp_path}/street.sqlite")
    street.write([cells(ROW)])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    street.read()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(BadInput, match="must be in a table"):
        ObservationTableReader(f"sqlite:///{tmp_path}/missing.sqlite", "street").read("toy", START, END)
    assert not (tmp_path / "missing.sqlite").exists()


def test_a_table_that_another_process_is_writing_is_read_as_it_was(tmp_path):
    street = _sql("sqlite", f"sqlite:///{tmp_path}/street.sqlite")
    street.write([cells(ROW)])
    writer = sqlite3.connect(tmp_path / "street.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE street SET trips = 99")
    try:
        assert street.read() == [ROW]
    finally:
        writer.execute("ROLLBACK")
        writer.close()
