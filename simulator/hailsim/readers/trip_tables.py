"""Parquet tables of trips and of cabs' vacant runs (columns: see `junction_folder`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hailsim.faults import BadInput, Fault, refuse
from hailsim.findings import Finding, found_where
from hailsim.readers.clock import EARLIEST_S, LATEST_S
from hailsim.readers.source import NO_CAB, NO_TIME, SourceTrips, VacantRuns

_ENDS = ("pickup_lat", "pickup_lon", "dropoff_lat", "dropoff_lon")
# With fewer distances than this, the others cannot be estimated from them.
_MIN_KNOWN_SHARE = 0.5

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Check = Callable[[pa.DataType], str | None]


def read_trips(path: Path, cabs: dict[str, int]) -> SourceTrips:
    """The table of trips. `cabs` numbers cab ids across tables; new ids are added. BadInput for faulty columns."""
    needed: dict[str, Check] = {"pickup_ts": _is_zoned, "dropoff_ts": _is_zoned, **dict.fromkeys(_ENDS, _is_number)}
    optional: dict[str, Check] = {"cab_id": _is_id, "distance_m": _is_number, "duration_s": _is_number}
    table = _read_parquet(path, needed, optional)
    pickup_utc_s, dropoff_utc_s = _utc_seconds(table.column("pickup_ts")), _utc_seconds(table.column("dropoff_ts"))
    known = (pickup_utc_s != NO_TIME) & (dropoff_utc_s != NO_TIME)
    ends = [_floats(table.column(name))[known] for name in _ENDS]
    cab, no_cab = _cabs(table, known, cabs)
    duration_s = _durations(table, known)
    distance_m, estimated = _metres(table, known, dropoff_utc_s - pickup_utc_s)
    return SourceTrips(
        pickup_utc_s[known],
        dropoff_utc_s[known],
        pickup_lat=ends[0],
        pickup_lon=ends[1],
        dropoff_lat=ends[2],
        dropoff_lon=ends[3],
        cab=cab,
        unreadable=found_where("unreadable_time", ~known, lambda row: f"row {row}: {table.column('pickup_ts')[row]}"),
        distance_m=distance_m,
        duration_s=duration_s,
        repaired=(*no_cab, *estimated),
    )


def read_vacant_runs(path: Path, cabs: dict[str, int]) -> VacantRuns:
    """The table of vacant runs; `cabs` as for `read_trips`."""
    needed: dict[str, Check] = {"cab_id": _is_id, "start_ts": _is_zoned, "end_ts": _is_zoned}
    table = _read_parquet(path, needed, {"distance_m": _is_number, "ends_in_pickup": _is_boolean})
    start_utc_s, end_utc_s = _utc_seconds(table.column("start_ts")), _utc_seconds(table.column("end_ts"))
    readable = (start_utc_s != NO_TIME) & (end_utc_s != NO_TIME)
    cab, _ = _cabs(table, np.ones(len(table), np.bool_), cabs)
    if cab is None:
        raise refuse("some vacant run must have a cab_id", "none", str(path), "Give the cab ids, or leave the file out.")
    known = readable & (end_utc_s >= start_utc_s) & (cab != NO_CAB)
    ends = None
    if "ends_in_pickup" in table.column_names:
        ends = pc.fill_null(table.column("ends_in_pickup"), False).to_numpy()[known]

    def label(row: int) -> str:
        return f"row {row}: {table.column('start_ts')[row]}"

    unreadable = (
        *found_where("unreadable_time", ~readable, label),
        *found_where("end_before_start", readable & (end_utc_s < start_utc_s), label),
        *found_where("missing_cab", readable & (end_utc_s >= start_utc_s) & (cab == NO_CAB), label),
    )
    distance_m, estimated = _metres(table, known, end_utc_s - start_utc_s)
    return VacantRuns(cab[known], start_utc_s[known], end_utc_s[known], distance_m, ends, unreadable, estimated)


def _cabs(table: pa.Table, rows: Mask, cabs: dict[str, int]) -> tuple[Ints | None, tuple[Finding, ...]]:
    """Numbers of the cabs, whatever the type of their ids; NO_CAB for missing ids, which are counted."""
    if "cab_id" not in table.column_names:
        return None, ()
    encoded = table.column("cab_id").combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    numbers = [_cab_number(value, cabs) for value in encoded.dictionary.to_pylist()]
    lookup = np.array([*numbers, NO_CAB], dtype=np.int64)
    cab = lookup[pc.fill_null(pc.cast(encoded.indices, pa.int64()), len(numbers)).to_numpy(zero_copy_only=False)][rows]
    found = found_where("missing_cab", cab == NO_CAB, lambda row: f"row {row}")
    return (None if (cab == NO_CAB).all() else cab), found


def _cab_number(value: object, cabs: dict[str, int]) -> int:
    """The number of one id. The whole number 7 is one cab, be it stored as integer, fraction or text."""
    # NaN is the only value that differs from itself.
    if value is None or value != value or (isinstance(value, str | bytes) and not value.strip()):  # noqa: PLR0124
        return NO_CAB
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value.hex() if isinstance(value, bytes) else str(value).strip()
    return cabs.setdefault(text, len(cabs))


def _metres(table: pa.Table, rows: Mask, duration_s: Ints) -> tuple[Floats | None, tuple[Finding, ...]]:
    """Recorded distances. Missing ones are estimated by the mean speed of the others if at least half are known."""
    if "distance_m" not in table.column_names:
        return None, ()
    metres, seconds = _floats(table.column("distance_m"))[rows], np.maximum(duration_s[rows], 0).astype(np.float64)
    known = np.isfinite(metres) & (metres >= 0.0)

    def label(row: int) -> str:
        return f"row {row}: {metres[row]:g}"

    if known.all():
        return metres, ()
    if known.mean() < _MIN_KNOWN_SHARE or not seconds[known].sum():
        return None, found_where("distance_missing_column_ignored", ~known, label)
    speed_mps = float(metres[known].sum() / seconds[known].sum())
    return np.where(known, metres, speed_mps * seconds), found_where("distance_estimated", ~known, label)


def _durations(table: pa.Table, rows: Mask) -> Ints | None:
    if "duration_s" not in table.column_names:
        return None
    seconds = _floats(table.column("duration_s"))[rows]
    known = np.isfinite(seconds) & (np.abs(seconds) < LATEST_S)
    return np.where(known, np.rint(np.where(known, seconds, 0.0)), NO_TIME).astype(np.int64)


def _is_zoned(kind: pa.DataType) -> str | None:
    return None if pa.types.is_timestamp(kind) and kind.tz is not None else "a timestamp with a zone; write it as UTC"


def _is_number(kind: pa.DataType) -> str | None:
    return None if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) else "a number"


def _is_boolean(kind: pa.DataType) -> str | None:
    return None if pa.types.is_boolean(kind) else "true or false"


def _is_id(kind: pa.DataType) -> str | None:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    is_text = any(check(plain) for check in (*texts, pa.types.is_fixed_size_binary))
    return None if is_text or _is_number(plain) is None else "a number or text"


def _read_parquet(path: Path, needed: Mapping[str, Check], optional: Mapping[str, Check]) -> pa.Table:
    """The columns that are there. BadInput if one is missing, or if one, optional or not, is of the wrong type."""
    try:
        schema = pq.read_schema(path)
        names = [name for name in (*needed, *optional) if name in schema.names]
        table = pq.read_table(path, columns=names)
    except (pa.ArrowInvalid, OSError) as error:
        raise refuse("a .parquet file must be readable Parquet", error, str(path), "Check the path and the file.") from error
    missing, remedy = [name for name in needed if name not in schema.names], "Rename or add the column."
    faults = [Fault(f"there must be a column `{name}`", ", ".join(schema.names), str(path), remedy) for name in missing]
    for name, check in {**needed, **optional}.items():
        kind = table.schema.field(name).type if name in names else None
        wanted = None if kind is None else check(kind)
        if wanted is not None:
            remedy = "A time without a zone is ambiguous: convert it to UTC." if "zone" in wanted else "Convert it."
            faults.append(Fault(f"`{name}` must be {wanted}", str(kind), str(path), remedy))
    if faults:
        raise BadInput(faults)
    return table


def _utc_seconds(column: pa.ChunkedArray) -> Ints:
    seconds = pc.cast(pc.cast(column, pa.timestamp("s", tz=column.type.tz), safe=False), pa.int64())
    values: Ints = pc.fill_null(seconds, NO_TIME).to_numpy()
    return np.where((values >= EARLIEST_S) & (values < LATEST_S), values, NO_TIME)


def _floats(column: pa.ChunkedArray) -> Floats:
    values: Floats = pc.fill_null(pc.cast(column, pa.float64()), float("nan")).to_numpy()
    return values
