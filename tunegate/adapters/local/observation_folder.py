"""Observations in a folder of CSV and Parquet files.

Files whose names begin with a dot or an underscore are not looked at: a writer that writes there first and renames the file
when it is whole is never read half-way.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow
from pyarrow import parquet

from tunegate.adapters.observation_rows import Located, missing_columns, observations_of
from tunegate.domain.errors import BadInput, Fault
from tunegate.experiment.observations import Observation

_WHOLE = "Write files under a name that begins with a dot, and rename them once they are whole."


class ObservationFolderReader:
    """Implements the port `Observations`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, region: str, since: datetime, until: datetime) -> tuple[Observation, ...]:
        if not self._folder.is_dir():
            rule, remedy = (
                "observations must be in a folder",
                "Have the street write there, or correct rollout_plan.observations.",
            )
            raise BadInput(Fault(rule, "none", str(self._folder), remedy))
        files = sorted(path for path in self._folder.iterdir() if path.suffix in _READERS and path.name[0] not in "._")
        return observations_of((row for path in files for row in _READERS[path.suffix](path)), region, since, until)


def _csv_rows(path: Path) -> Iterator[Located]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Fault("a file of observations must be readable", str(error), str(path), _WHOLE)) from error
    if not text.endswith("\n"):
        rule = "a CSV file of observations must end with a line break"
        raise BadInput(Fault(rule, "a last line without one" if text else "an empty file", str(path), _WHOLE))
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    _refuse_missing(reader.fieldnames or (), path)
    try:
        for row in reader:
            if None in row or None in row.values():
                rule = "every line must have as many fields as the first"
                raise BadInput(Fault(rule, "another number", f"{path}, line {reader.line_num}", _WHOLE))
            yield f"{path}, line {reader.line_num}", row
    except csv.Error as error:
        raise BadInput(Fault("a CSV file must be sound", str(error), f"{path}, line {reader.line_num}", _WHOLE)) from error


def _parquet_rows(path: Path) -> Iterator[Located]:
    try:
        table = parquet.read_table(pyarrow.BufferReader(path.read_bytes()))
    except (OSError, pyarrow.ArrowException) as error:
        raise BadInput(Fault("a Parquet file must be sound", str(error).split("\n")[0], str(path), _WHOLE)) from error
    _refuse_missing(table.column_names, path)
    for number, row in enumerate(table.to_pylist(), 1):
        yield f"{path}, row {number}", row


def _refuse_missing(names: object, path: Path) -> None:
    faults = missing_columns(names, str(path))  # type: ignore[arg-type]
    if faults:
        raise BadInput(*faults)


_READERS = {".csv": _csv_rows, ".parquet": _parquet_rows}
