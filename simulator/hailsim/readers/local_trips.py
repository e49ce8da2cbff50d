"""Trip records whose format is documented to keep local wall-clock times: NYC TLC 2015-16 and HIVE's request files.

TLC yellow and green records of 2015 and 2016 (until June) hold coordinates and local times (America/New_York) without a zone.
HIVE's request files (nrel.hive) were made from TLC records and keep their times; they have no drop-off time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.readers.clock import utc_seconds
from hailsim.readers.csv_table import header_of, numbers, read_columns, wall_times
from hailsim.readers.source import NO_TIME, SourceTrips

TLC_TIMEZONE = "America/New_York"


@dataclass(frozen=True, slots=True)
class TripColumns:
    """Names of the columns of one format (lower case); dropoff_time is None where the format has none.

    timezone: the zone that the format is documented to be in; None when the files keep the local time of whatever city.
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
    _tlc("NYC TLC 2009-14", ""),
    TripColumns("HIVE requests", None, "departure_time", None, "o_lat", "o_lon", "d_lat", "d_lon"),
)


def trip_format(path: Path) -> TripColumns:
    """The format whose columns the header has. BadInput for any other header, that of TLC files without coordinates too."""
    names = set(header_of(path))
    for columns in FORMATS:
        needed = {columns.pickup_time, columns.pickup_lat, columns.pickup_lon, columns.dropoff_lat, columns.dropoff_lon}
        if needed <= names:
            return columns
    remedy = "Give trips with coordinates: TLC records until June 2016, or columns o_lat, o_lon, d_lat, d_lon, departure_time."
    raise refuse(
        "a trip file has pickup and drop-off coordinates and a pickup time",
        ", ".join(sorted(names)),
        f"header of {path}",
        remedy,
    )


def read_local_trips(path: Path, zone: ZoneInfo) -> SourceTrips:
    """Trips of one CSV file, local times turned to UTC; rows without a readable or a unique time are counted and left out."""
    columns = trip_format(path)
    wanted = [columns.pickup_time, columns.pickup_lat, columns.pickup_lon, columns.dropoff_lat, columns.dropoff_lon]
    table = read_columns(path, [*wanted, *([columns.dropoff_time] if columns.dropoff_time else [])])
    pickup_utc_s, readable, unique = _utc(table.column(columns.pickup_time), zone, columns.format, path)
    dropoff_utc_s = np.full(len(pickup_utc_s), NO_TIME)
    if columns.dropoff_time:
        dropoff_utc_s, dropoff_readable, dropoff_unique = _utc(table.column(columns.dropoff_time), zone, columns.format, path)
        readable, unique = readable & dropoff_readable, unique & dropoff_unique
    good = readable & unique
    return SourceTrips(
        pickup_utc_s=pickup_utc_s[good],
        dropoff_utc_s=dropoff_utc_s[good],
        pickup_lat=numbers(table.column(columns.pickup_lat))[good],
        pickup_lon=numbers(table.column(columns.pickup_lon))[good],
        dropoff_lat=numbers(table.column(columns.dropoff_lat))[good],
        dropoff_lon=numbers(table.column(columns.dropoff_lon))[good],
        cab=None,
        unreadable={
            "unreadable_time": int((~readable).sum()),
            "time_the_clock_showed_twice_or_never": int((readable & ~unique).sum()),
        },
    )


def _utc(
    column: pa.ChunkedArray, zone: ZoneInfo, format_name: str, path: Path
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    wall_s, readable = wall_times(column, {"format": format_name, "place": str(path)})
    utc_s, unique = utc_seconds(wall_s, zone)
    return utc_s, readable, unique
