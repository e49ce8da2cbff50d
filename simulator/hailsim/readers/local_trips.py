"""Trip records in formats documented to use local times: NYC TLC records and HIVE request files.

TLC records until June 2016 have coordinates and local times (America/New_York) without a zone. HIVE's request files (nrel.hive)
were derived from TLC records and keep their times; they have no drop-off time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.findings import found_where
from hailsim.readers.clock import utc_seconds
from hailsim.readers.csv_table import parse_numbers, parse_wall_times, read_good_rows, read_header
from hailsim.readers.source import NO_TIME, SourceTrips

TLC_TIMEZONE = "America/New_York"


@dataclass(frozen=True, slots=True)
class TripColumns:
    """Lower-case column names of one format; dropoff_time is None if the format has none.

    timezone: the documented time zone of the format; None if times are local to the imported city.
    """

    format: str
    timezone: str | None
    pickup_time: str
    dropoff_time: str | None
    pickup_lat: str
    pickup_lon: str
    dropoff_lat: str
    dropoff_lon: str


def _tlc(label: str, prefix: str) -> TripColumns:
    return TripColumns(
        label,
        TLC_TIMEZONE,
        f"{prefix}pickup_datetime",
        f"{prefix}dropoff_datetime",
        "pickup_latitude",
        "pickup_longitude",
        "dropoff_latitude",
        "dropoff_longitude",
    )


FORMATS = (
    _tlc("NYC TLC yellow 2015-16", "tpep_"),
    _tlc("NYC TLC green 2015-16", "lpep_"),
    _tlc("NYC TLC 2010-14", ""),
    TripColumns(
        "NYC TLC yellow 2009",
        TLC_TIMEZONE,
        "trip_pickup_datetime",
        "trip_dropoff_datetime",
        "start_lat",
        "start_lon",
        "end_lat",
        "end_lon",
    ),
    TripColumns("HIVE requests", None, "departure_time", None, "o_lat", "o_lon", "d_lat", "d_lon"),
)


def trip_format(path: Path) -> TripColumns:
    """The format matching the header. BadInput for other headers, including TLC files without coordinates."""
    names = set(read_header(path))
    for columns in FORMATS:
        needed = {columns.pickup_time, columns.pickup_lat, columns.pickup_lon, columns.dropoff_lat, columns.dropoff_lon}
        if needed <= names:
            return columns
    remedy = "Use trips with coordinates: TLC records until June 2016, or columns o_lat, o_lon, d_lat, d_lon, departure_time."
    raise refuse(
        "a trip file must have pickup and drop-off coordinates and a pickup time",
        ", ".join(sorted(names)),
        f"header of {path}",
        remedy,
    )


def read_local_trips(path: Path, zone: ZoneInfo) -> SourceTrips:
    """Trips of one CSV file with times converted to UTC. Rows with unreadable or ambiguous times are counted and skipped."""
    columns = trip_format(path)
    wanted = [columns.pickup_time, columns.pickup_lat, columns.pickup_lon, columns.dropoff_lat, columns.dropoff_lon]
    table, skipped = read_good_rows(path, [*wanted, *([columns.dropoff_time] if columns.dropoff_time else [])])
    pickup_utc_s, readable, unique = _utc(table.column(columns.pickup_time), zone, columns.format, path)
    dropoff_utc_s = np.full(len(pickup_utc_s), NO_TIME)
    if columns.dropoff_time:
        dropoff_utc_s, dropoff_readable, dropoff_unique = _utc(table.column(columns.dropoff_time), zone, columns.format, path)
        readable, unique = readable & dropoff_readable, unique & dropoff_unique
    good = readable & unique

    def label(row: int) -> str:
        return f"row {row + 1}: {table.column(columns.pickup_time)[row].as_py()!r}"

    return SourceTrips(
        pickup_utc_s=pickup_utc_s[good],
        dropoff_utc_s=dropoff_utc_s[good],
        pickup_lat=parse_numbers(table.column(columns.pickup_lat))[good],
        pickup_lon=parse_numbers(table.column(columns.pickup_lon))[good],
        dropoff_lat=parse_numbers(table.column(columns.dropoff_lat))[good],
        dropoff_lon=parse_numbers(table.column(columns.dropoff_lon))[good],
        cab=None,
        unreadable=(
            *skipped,
            *found_where("unreadable_time", ~readable, label),
            *found_where("time_the_clock_showed_twice_or_never", readable & ~unique, label),
        ),
    )


def _utc(
    column: pa.ChunkedArray, zone: ZoneInfo, format_name: str, path: Path
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    wall_s, readable = parse_wall_times(column, {"format": format_name, "place": str(path)})
    utc_s, unique = utc_seconds(wall_s, zone)
    return utc_s, readable, unique
