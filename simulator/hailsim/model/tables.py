"""Serialisation of a city's array files: `links.npz`, `trips.parquet`, `pattern.parquet`.

Checks names, types and shapes; values are checked by `checks`.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hailsim.faults import BadInput, Fault, refuse
from hailsim.model.city import MAX_SUCCESSORS, Network, Trips
from hailsim.model.synthetic_demand import TripPattern

LINKS_FILE, TRIPS_FILE, PATTERN_FILE = "links.npz", "trips.parquet", "pattern.parquet"
_REMEDY = "Import the city again; do not edit the file."
_LINK_TYPES = {
    "link_from": np.int32,
    "link_to": np.int32,
    "start_x_m": np.float32,
    "start_y_m": np.float32,
    "end_x_m": np.float32,
    "end_y_m": np.float32,
    "length_m": np.float32,
    "freeflow_s": np.float32,
    "road_class": np.int8,
    "zone": np.int32,
    "successors": np.int32,
    "turns": np.int8,
}
_TRIP_TYPES = {
    "day": pa.int32(),
    "appears_s": pa.int32(),
    "pickup_link": pa.int32(),
    "dropoff_link": pa.int32(),
    "drive_freeflow_s": pa.float32(),
    "distance_m": pa.float32(),
}
# Patterns store drives in tenths of seconds and whole metres, which keeps the bundled city small.
_DRIVE_STEP_S = 0.1


def network_bytes(network: Network) -> bytes:
    """Serialise a network as `links.npz`; deterministic for one version of zlib."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: getattr(network, name).astype(kind) for name, kind in _LINK_TYPES.items()})
    return buffer.getvalue()


def network_from_bytes(data: bytes, place: str) -> Network:
    """Parse `links.npz`. BadInput for other arrays, types or shapes, or an invalid file."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise refuse("links.npz must be a NumPy archive", error, place, _REMEDY) from error
    faults = _same_names(set(arrays), set(_LINK_TYPES), "array", place)
    links = len(arrays["length_m"]) if not faults and arrays["length_m"].ndim == 1 else 0
    for name, kind in _LINK_TYPES.items() if not faults else ():
        shape = (links, MAX_SUCCESSORS) if name in {"successors", "turns"} else (links,)
        got = arrays[name]
        if got.dtype != kind or got.shape != shape or links == 0:
            rule = f"{name} is {np.dtype(kind).name} of shape {shape} with at least one link"
            faults.append(Fault(rule, f"{got.dtype.name} of shape {got.shape}", place, _REMEDY))
    if faults:
        raise BadInput(faults)
    return Network(**arrays)


def trips_bytes(trips: Trips) -> bytes:
    """Serialise trips as `trips.parquet`."""
    return _parquet_bytes(pa.table({name: pa.array(getattr(trips, name), type=kind) for name, kind in _TRIP_TYPES.items()}))


def trips_from_bytes(data: bytes, place: str) -> Trips:
    """Parse `trips.parquet`. BadInput for other columns or types, empty cells, or an invalid file."""
    columns = _columns(data, _TRIP_TYPES, place)
    return Trips(**{field.name: columns[field.name] for field in fields(Trips)})


def pattern_bytes(pattern: TripPattern) -> bytes:
    """Serialise a trip pattern as `pattern.parquet`, with one set of columns per pickup link."""
    columns = {"minute": pa.array(pattern.minute, pa.int16()), "dropoff_link": pa.array(pattern.dropoff_link, pa.int32())}
    for k in range(pattern.pickup_link.shape[1]):
        columns[f"pickup_link_{k}"] = pa.array(pattern.pickup_link[:, k], pa.int32())
        columns[f"drive_ds_{k}"] = pa.array(
            np.rint(pattern.drive_freeflow_s[:, k] / _DRIVE_STEP_S).astype(np.int32), pa.int32()
        )
        columns[f"distance_m_{k}"] = pa.array(np.rint(pattern.distance_m[:, k]).astype(np.int32), pa.int32())
    return _parquet_bytes(pa.table(columns))


def pattern_from_bytes(data: bytes, place: str) -> TripPattern:
    """Parse `pattern.parquet`. BadInput as for trips."""
    names = _read_parquet(data, place).column_names
    near = max(1, sum(name.startswith("pickup_link_") for name in names))
    kinds = {"minute": pa.int16(), "dropoff_link": pa.int32()}
    kinds |= {f"{name}_{k}": pa.int32() for name in ("pickup_link", "drive_ds", "distance_m") for k in range(near)}
    columns = _columns(data, kinds, place)

    def stacked(name: str) -> NDArray[np.int32]:
        return np.ascontiguousarray(np.column_stack([columns[f"{name}_{k}"] for k in range(near)]))

    minute = columns["minute"]
    if not len(minute) or (np.diff(minute) < 0).any() or minute[0] < 0 or minute[-1] >= 1440:
        raise refuse("minute must be sorted and in 0..1439, with at least one row", f"{len(minute)} rows", place, _REMEDY)
    return TripPattern(
        minute=minute,
        dropoff_link=columns["dropoff_link"],
        pickup_link=stacked("pickup_link"),
        drive_freeflow_s=(stacked("drive_ds") * _DRIVE_STEP_S).astype(np.float32),
        distance_m=stacked("distance_m").astype(np.float32),
    )


def _parquet_bytes(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", compression_level=19, write_statistics=False, store_schema=False)
    return buffer.getvalue()


def _read_parquet(data: bytes, place: str) -> pa.Table:
    try:
        return pq.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise refuse("a .parquet file must be Parquet", error, place, _REMEDY) from error


def _columns(data: bytes, kinds: dict[str, pa.DataType], place: str) -> dict[str, NDArray[Any]]:
    table = _read_parquet(data, place)
    faults = _same_names(set(table.column_names), set(kinds), "column", place)
    for name, kind in kinds.items() if not faults else ():
        column = table.column(name)
        if column.type != kind:
            faults.append(Fault(f"{name} is {kind}", str(column.type), place, _REMEDY))
        elif column.null_count:
            faults.append(Fault(f"{name} must have no empty cell", f"{column.null_count} of {len(column)}", place, _REMEDY))
    if faults:
        raise BadInput(faults)
    return {name: table.column(name).to_numpy() for name in kinds}


def _same_names(got: set[str], expected: set[str], what: str, place: str) -> list[Fault]:
    faults = [Fault(f"{what} `{name}` must exist", "nothing", place, _REMEDY) for name in sorted(expected - got)]
    return faults + [Fault(f"no other {what} may exist", f"`{name}`", place, _REMEDY) for name in sorted(got - expected)]
