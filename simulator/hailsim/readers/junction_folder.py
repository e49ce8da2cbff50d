"""A folder of tables: nodes.csv, edges.csv, trips.parquet and, if cabs' vacant runs are known, cruising.parquet.

nodes.csv: node_id, lon, lat. edges.csv: edge_id, u, v, length_m, speed_kmh (other columns are ignored). trips.parquet:
pickup_ts, dropoff_ts (timestamps with a zone), pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, optionally cab_id and
distance_m. cruising.parquet: cab_id, start_ts, end_ts, optionally distance_m and ends_in_pickup. Distances (metres) and
ends_in_pickup are used by `hailsim validate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hailsim.faults import BadInput, Fault, refuse
from hailsim.model.raw_network import CLASS_UNKNOWN, RawNetwork, straight_shapes
from hailsim.readers.csv_table import parse_numbers, read_columns
from hailsim.readers.source import NO_TIME, SourceCity, SourceTrips, VacantRuns

NODES, EDGES, TRIPS, CRUISING = "nodes.csv", "edges.csv", "trips.parquet", "cruising.parquet"
_ENDS = ("pickup_lat", "pickup_lon", "dropoff_lat", "dropoff_lon")


def is_junction_folder(path: Path) -> bool:
    """Whether the folder has the three required files."""
    return path.is_dir() and all((path / name).is_file() for name in (NODES, EDGES, TRIPS))


def read_junction_folder(folder: Path) -> SourceCity:
    """Read the folder. BadInput for missing columns, repeated or missing ids, or timestamps without a zone."""
    cruising = folder / CRUISING
    return SourceCity(
        kind="folder",
        files=(NODES, EDGES, TRIPS, *((CRUISING,) if cruising.is_file() else ())),
        network=_read_network(folder),
        trips=_read_trips(folder / TRIPS),
        vacant=_read_vacant(cruising) if cruising.is_file() else None,
    )


def _read_network(folder: Path) -> RawNetwork:
    nodes = read_columns(folder / NODES, ["node_id", "lon", "lat"])
    edges = read_columns(folder / EDGES, ["edge_id", "u", "v", "length_m", "speed_kmh"])
    names = nodes.column("node_id").to_pylist()
    index = {name: k for k, name in enumerate(names)}
    if len(index) != len(names) or None in index:
        raise refuse(
            "every node must have a unique node_id", f"{len(names) - len(index)} repeated", NODES, "Renumber the nodes."
        )
    lat_deg, lon_deg = parse_numbers(nodes.column("lat")), parse_numbers(nodes.column("lon"))
    ends = [np.array([index.get(name, -1) for name in edges.column(side).to_pylist()], dtype=np.int64) for side in ("u", "v")]
    link_names = tuple(str(name) for name in edges.column("edge_id").to_pylist())
    # A dangling link gets a placeholder shape; check_raw_network refuses it by name.
    shape_start, shape_lat, shape_lon = straight_shapes(lat_deg, lon_deg, np.maximum(ends[0], 0), np.maximum(ends[1], 0))
    return RawNetwork(
        junction_name=tuple(names),
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        link_name=link_names,
        link_from=ends[0],
        link_to=ends[1],
        length_m=parse_numbers(edges.column("length_m")),
        speed_kmh=parse_numbers(edges.column("speed_kmh")),
        road_class=np.full(len(link_names), CLASS_UNKNOWN, dtype=np.int8),
        shape_start=shape_start,
        shape_lat_deg=shape_lat,
        shape_lon_deg=shape_lon,
    )


def _read_trips(path: Path) -> SourceTrips:
    table = _read_parquet(
        path,
        {"pickup_ts": _is_zoned, "dropoff_ts": _is_zoned, **dict.fromkeys(_ENDS, _is_number)},
        ["cab_id", "distance_m"],
    )
    pickup_utc_s, dropoff_utc_s = _utc_seconds(table.column("pickup_ts")), _utc_seconds(table.column("dropoff_ts"))
    known = (pickup_utc_s != NO_TIME) & (dropoff_utc_s != NO_TIME)
    ends = [_floats(table.column(name))[known] for name in _ENDS]
    cab = (
        pc.fill_null(pc.cast(table.column("cab_id"), pa.int64()), -1).to_numpy()[known]
        if "cab_id" in table.column_names
        else None
    )
    return SourceTrips(
        pickup_utc_s[known],
        dropoff_utc_s[known],
        pickup_lat=ends[0],
        pickup_lon=ends[1],
        dropoff_lat=ends[2],
        dropoff_lon=ends[3],
        cab=cab,
        unreadable={"unreadable_time": int((~known).sum())},
        distance_m=_metres(table, known),
    )


def _read_vacant(path: Path) -> VacantRuns:
    table = _read_parquet(
        path, {"cab_id": _is_number, "start_ts": _is_zoned, "end_ts": _is_zoned}, ["distance_m", "ends_in_pickup"]
    )
    start_utc_s, end_utc_s = _utc_seconds(table.column("start_ts")), _utc_seconds(table.column("end_ts"))
    known = (start_utc_s != NO_TIME) & (end_utc_s >= start_utc_s) & pc.is_valid(table.column("cab_id")).to_numpy()
    cab = pc.fill_null(pc.cast(table.column("cab_id"), pa.int64()), -1).to_numpy()
    ends = None
    if "ends_in_pickup" in table.column_names and pa.types.is_boolean(table.column("ends_in_pickup").type):
        ends = pc.fill_null(table.column("ends_in_pickup"), False).to_numpy()[known]
    return VacantRuns(cab[known], start_utc_s[known], end_utc_s[known], _metres(table, known), ends)


def _metres(table: pa.Table, rows: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """The column distance_m if present and valid in every row."""
    if "distance_m" not in table.column_names or _is_number(table.column("distance_m").type):
        return None
    metres = _floats(table.column("distance_m"))[rows]
    return metres if (metres >= 0.0).all() else None


def _is_zoned(kind: pa.DataType) -> str | None:
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return None
    return "a timestamp with a zone; write it as UTC"


def _is_number(kind: pa.DataType) -> str | None:
    return None if pa.types.is_floating(kind) or pa.types.is_integer(kind) else "a number"


def _read_parquet(path: Path, needed: Mapping[str, object], optional: Sequence[str]) -> pa.Table:
    try:
        schema = pq.read_schema(path)
        table = pq.read_table(path, columns=[name for name in (*needed, *optional) if name in schema.names])
    except (pa.ArrowInvalid, OSError) as error:
        raise refuse("a .parquet file must be readable Parquet", error, str(path), "Check the path and the file.") from error
    faults = []
    for name, check in needed.items():
        if name not in schema.names:
            faults.append(Fault(f"there must be a column `{name}`", ", ".join(schema.names), str(path), "Rename or add it."))
            continue
        wanted = check(schema.field(name).type) if callable(check) else None
        if wanted:
            remedy = "A time without a zone is ambiguous: convert it to UTC."
            faults.append(
                Fault(
                    f"`{name}` must be {wanted}",
                    str(schema.field(name).type),
                    str(path),
                    remedy if "zone" in wanted else "Convert it.",
                )
            )
    if faults:
        raise BadInput(faults)
    return table


def _utc_seconds(column: pa.ChunkedArray) -> NDArray[np.int64]:
    seconds = pc.cast(pc.cast(column, pa.timestamp("s", tz=column.type.tz), safe=False), pa.int64())
    values: NDArray[np.int64] = pc.fill_null(seconds, NO_TIME).to_numpy()
    return values


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    values: NDArray[np.float64] = pc.fill_null(pc.cast(column, pa.float64()), float("nan")).to_numpy()
    return values
