"""Strict reading of table columns as text: CSV, gzipped CSV or Parquet. Unreadable values are reported, never guessed."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hailsim.faults import BadInput, Fault, refuse
from hailsim.findings import Finding, FindingLog
from hailsim.readers.clock import EARLIEST_S, LATEST_S

_TIME = "%Y-%m-%d %H:%M:%S"
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_LINES_SAMPLED = 100
_MAX_SKIPPED_SHARE = 0.5


def read_header(path: Path) -> list[str]:
    """Column names, stripped and lower-cased. BadInput if the file is unreadable or empty."""
    if _magic(path).startswith(_PARQUET):
        return [name.strip().lower() for name in _parquet_schema(path).names]
    try:
        with _text(path) as lines:
            first = lines.readline()
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise refuse("a CSV file must be readable UTF-8", error, str(path), "Check the path and the encoding.") from error
    if not first.strip():
        raise refuse("a CSV file must start with its column names", "an empty line", str(path), "Add the header.")
    return [name.strip().lower() for name in next(csv.reader([first], skipinitialspace=True))]


def read_columns(path: Path, columns: Sequence[str]) -> pa.Table:
    """The named columns as text, ignoring case in the header; empty cells become null.

    BadInput if a column is missing or a row has another number of cells than the header.
    """
    table, skipped = read_good_rows(path, columns)
    if skipped:
        remedy = "Correct or remove the line."
        raise refuse("every line of a CSV file must have the header's columns", skipped[0].example, str(path), remedy)
    return table


def read_good_rows(path: Path, columns: Sequence[str]) -> tuple[pa.Table, tuple[Finding, ...]]:
    """As `read_columns`, but rows with another number of cells are skipped and counted.

    Trailing empty cells beyond the header are allowed if all rows have them, as in published TLC files.
    """
    names = read_header(path)
    missing = [name for name in columns if name not in names]
    if missing:
        found, remedy = ", ".join(names), "Rename or add the column."
        raise BadInput([Fault(f"there must be a column `{name}`", found, f"header of {path}", remedy) for name in missing])
    if _magic(path).startswith(_PARQUET):
        return _parquet_as_text(path, names, columns), ()
    skipped = FindingLog()

    def skip(row: pacsv.InvalidRow) -> str:
        skipped.add("row_of_another_width", f"{row.actual_columns} instead of {row.expected_columns} cells: {row.text[:80]}")
        return "skip"

    try:
        table = pacsv.read_csv(
            pa.input_stream(str(path), compression="gzip" if _magic(path).startswith(_GZIP) else None),
            read_options=pacsv.ReadOptions(column_names=_padded(names, path), skip_rows=1),
            parse_options=pacsv.ParseOptions(invalid_row_handler=skip),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(columns),
                column_types={name: pa.string() for name in columns},
                null_values=["", "NA", "NULL", "null"],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise refuse("a CSV file must be readable", error, str(path), "Correct or remove the line.") from error
    findings = skipped.findings()
    if findings and findings[0].count > _MAX_SKIPPED_SHARE * (findings[0].count + len(table)):
        value = f"{findings[0].count:,} rows that do not ({findings[0].example})"
        raise refuse("the rows of a CSV file must have the header's columns", value, str(path), "Correct the header.")
    return table, findings


def parse_numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers of a text column; NaN for empty cells and non-numbers."""
    text = pc.utf8_trim_whitespace(column)
    readable = pc.match_substring_regex(text, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
    kept = pc.if_else(pc.fill_null(readable, False), text, None)
    values: NDArray[np.float64] = pc.fill_null(pc.cast(kept, pa.float64()), float("nan")).to_numpy()
    return values


def parse_wall_times(column: pa.ChunkedArray, what: Mapping[str, str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Wall-clock seconds since 1970-01-01 of `YYYY-MM-DD HH:MM:SS` text, and which rows could be read.

    Years outside 1900 to 2099 count as unreadable. Times with a zone are refused because the format documents local times;
    `what` gives place and format for the error.
    """
    text = pc.utf8_trim_whitespace(column)
    zoned = pc.sum(pc.fill_null(pc.match_substring_regex(text, r"(Z|[+-]\d\d:?\d\d)$"), False)).as_py() or 0
    if zoned:
        raise refuse(
            f"{what['format']} must have local times without a zone",
            f"{zoned} times with a zone",
            what["place"],
            "Use the file as published.",
        )
    readable = pc.fill_null(pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?$"), False)
    plain = pc.replace_substring(pc.utf8_slice_codeunits(pc.if_else(readable, text, None), 0, 19), "T", " ")
    moments = pc.strptime(plain, format=_TIME, unit="s", error_is_null=True)
    # strptime reads 31 November as 1 December; only times that format back to the same text are valid.
    known = pc.fill_null(pc.equal(pc.strftime(moments, format=_TIME), plain), False).to_numpy()
    seconds: NDArray[np.int64] = pc.fill_null(pc.cast(moments, pa.int64()), 0).to_numpy()
    known = known & (seconds >= EARLIEST_S) & (seconds < LATEST_S)
    return np.where(known, seconds, 0), known


def _magic(path: Path) -> bytes:
    try:
        with path.open("rb") as content:
            return content.read(4)
    except OSError as error:
        raise refuse("a table must be a readable file", error, str(path), "Check the path.") from error


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    if _magic(path).startswith(_GZIP):
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
            yield lines
    else:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield lines


def _padded(names: list[str], path: Path) -> list[str]:
    """The header's names, and names for the trailing empty cells that most of the first rows have beyond them."""
    with _text(path) as lines:
        lines.readline()
        rows = list(islice((row for row in csv.reader(lines) if row), _LINES_SAMPLED))
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else len(names)
    empty_beyond = all(not cell.strip() for row in rows if len(row) == width for cell in row[len(names) :])
    return names + [f"beyond header {k}" for k in range(width - len(names))] if empty_beyond else names


def _parquet_schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise refuse("a .parquet file must be readable Parquet", error, str(path), "Check the file.") from error


def _parquet_as_text(path: Path, names: list[str], columns: Sequence[str]) -> pa.Table:
    own_names = dict(zip(names, _parquet_schema(path).names, strict=True))
    table = pq.read_table(path, columns=[own_names[name] for name in columns])
    return pa.table({name: _as_text(table.column(own_names[name]), name, path) for name in columns})


def _as_text(column: pa.ChunkedArray, name: str, path: Path) -> Any:
    try:
        if pa.types.is_timestamp(column.type):
            zone = "" if column.type.tz is None else "Z"
            text = pc.cast(pc.cast(column, pa.timestamp("s"), safe=False), pa.string())
            return pc.binary_join_element_wise(text, zone, "")
        return pc.cast(column, pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        rule = f"`{name}` must hold numbers, text or times"
        raise refuse(rule, column.type, str(path), "Convert the column.") from error
