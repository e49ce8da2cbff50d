"""The committed schemas of the tables in BigQuery, `bigquery/*.json`; infra/terraform creates the tables from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from google.cloud import bigquery

# What a column's type is called in a schema, and in a query parameter.
_PARAMETER_TYPES = {
    "STRING": "STRING",
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `limit` is the most characters a text may have."""

    name: str
    type: str
    limit: int | None


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table as its file describes it."""

    name: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of this name. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]

    def value(self, name: str, value: Any) -> bigquery.ScalarQueryParameter:
        """A named parameter of a column's type. Raises ValueError for a text that the column would not take."""
        column = self.column(name)
        if column.limit is not None and isinstance(value, str) and len(value) > column.limit:
            raise ValueError(f"{name} must have at most {column.limit} characters, but got {len(value)}: {value[:80]!r}")
        return bigquery.ScalarQueryParameter(name, _PARAMETER_TYPES[column.type], value)

    def rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> bigquery.ArrayQueryParameter:
        """A parameter that holds rows, each with the same columns. Raises as `value`."""
        structs = [
            bigquery.StructQueryParameter(None, *(self.value(column, value) for column, value in row.items())) for row in rows
        ]
        return bigquery.ArrayQueryParameter(name, "STRUCT", structs)


@cache
def table_schema(name: str) -> TableSchema:
    """The schema of `day_results`, `trials` or `verdicts`."""
    document = json.loads(schema_text(name))
    return TableSchema(
        name,
        tuple(
            Column(field["name"], field["type"], int(field["maxLength"]) if "maxLength" in field else None)
            for field in document["schema"]["fields"]
        ),
    )


def schema_text(name: str) -> str:
    """The file: the part of a table's REST resource that we decide (schema, partitioning, clustering, description)."""
    return files("tunegate.adapters.google").joinpath("bigquery", f"{name}.json").read_text(encoding="utf-8")
