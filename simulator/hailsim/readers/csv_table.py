"""Strict reading of CSV columns: names, numbers and local timestamps. Unreadable values are reported, never guessed."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from hailsim.faults import BadInput, Fault, refuse

_TIME = "%Y-%m-%d %H:%M:%S"


def read_header(path: Path) -> list[str]:
    """Column names of the first line, stripped and lower-cased. BadInput if the file is unreadable or empty."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            first = lines.readline()
    except (OSError, UnicodeDecodeError) as error:
        raise refuse("a CSV file must be readable UTF-8", error, str(path), "Check the path and the encoding.") from error
    if not first.strip():
        raise refuse("a CSV file must start with its column names", "an empty line", str(path), "Add the header.")
    return [name.strip().lower() for name in next(csv.reader([first], skipinitialspace=True))]


def read_columns(path: Path, columns: Sequence[str]) -> pa.Table:
    """The named columns as text, ignoring case in the header; empty cells become null. BadInput if one is missing."""
    names = read_header(path)
    missing = [name for name in columns if name not in names]
    if missing:
        raise BadInput(
            [
                Fault(f"there must be a column `{name}`", ", ".join(names), f"header of {path}", "Rename or add the column.")
                for name in missing
            ]
        )
    try:
        return pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(column_names=names, skip_rows=1),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(columns),
                column_types={name: pa.string() for name in columns},
                null_values=["", "NA", "NULL", "null"],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise refuse(
            "every line of a CSV file must have the header's columns", error, str(path), "Correct or remove the line."
        ) from error


def parse_numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers of a text column; NaN for empty cells and non-numbers."""
    text = pc.utf8_trim_whitespace(column)
    readable = pc.match_substring_regex(text, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
    kept = pc.if_else(pc.fill_null(readable, False), text, None)
    values: NDArray[np.float64] = pc.fill_null(pc.cast(kept, pa.float64()), float("nan")).to_numpy()
    return values


def parse_wall_times(column: pa.ChunkedArray, what: Mapping[str, str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Wall-clock seconds since 1970-01-01 of `YYYY-MM-DD HH:MM:SS` text, and which rows could be read.

    Times with a zone are refused because the format documents local times; `what` gives place and format for the error.
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
    return seconds, known
