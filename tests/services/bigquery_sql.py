"""BigQuery's SQL and typed parameters on DuckDB: what the stand-in in `bigquery.py` runs its queries with.

A statement is parsed as BigQuery's dialect and must name its tables in full. Parameters are cast to the types they were sent
with, and an INSERT whose columns have other types than the table's is refused, as BigQuery does and DuckDB does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from tests.services.rest import Refused

COLUMN_TYPES = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
}
_PARAMETER_TYPES = {**COLUMN_TYPES, "INT64": "BIGINT", "FLOAT64": "DOUBLE", "BOOL": "BOOLEAN"}
_RESULT_TYPES = {
    "VARCHAR": "STRING",
    "BIGINT": "INTEGER",
    "INTEGER": "INTEGER",
    "HUGEINT": "INTEGER",
    "DOUBLE": "FLOAT",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
}
_WIDENINGS = {("BIGINT", "DOUBLE"), ("INTEGER", "BIGINT"), ("INTEGER", "DOUBLE")}
DML = {exp.Insert: "INSERT", exp.Merge: "MERGE", exp.Update: "UPDATE", exp.Delete: "DELETE"}


@dataclass(frozen=True)
class Statement:
    """A statement that DuckDB runs, with the values of its parameters; `kind` is None for a query."""

    sql: str
    values: Mapping[str, Any]
    kind: str | None
    select: str | None  # of an INSERT: what it inserts
    target: exp.Table | None
    columns: Sequence[str]


def read_statement(project: str, sql: str, sent: Sequence[Mapping[str, Any]]) -> Statement:
    """Parse, resolve tables, type parameters. Raises Refused."""
    try:
        tree = sqlglot.parse_one(sql, read="bigquery")
    except sqlglot.errors.ParseError as error:
        raise Refused(400, "invalidQuery", f"Syntax error: {error}") from error
    types = {each["name"]: _duck_type(each["parameterType"]) for each in sent}
    values = {each["name"]: _value(each["parameterType"], each["parameterValue"]) for each in sent}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier):
            _resolve(table, project)
    used = set()
    for parameter in list(tree.find_all(exp.Parameter)):
        name = parameter.this.name
        if name not in types:
            raise Refused(400, "invalidQuery", f"Query parameter '{name}' not found")
        used.add(name)
        parameter.replace(exp.cast(exp.Placeholder(this=name), types[name], dialect="duckdb"))
    kind = next((word for node, word in DML.items() if isinstance(tree, node)), None)
    target, columns, select = None, (), None
    if isinstance(tree, exp.Insert):
        target, columns = tree.this.this, [column.name for column in tree.this.expressions]
        select = tree.expression.sql("duckdb")
    return Statement(tree.sql("duckdb"), {name: values[name] for name in used}, kind, select, target, columns)


def refuse_other_types(connection: duckdb.DuckDBPyConnection, statement: Statement) -> None:
    """Raise Refused for an INSERT that puts a value of another type into a column."""
    if statement.select is None or statement.target is None:
        return
    table = statement.target.sql("duckdb")
    wanted = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
    given = connection.execute(f"DESCRIBE {statement.select}", dict(statement.values)).fetchall()
    if len(given) != len(statement.columns):
        raise Refused(400, "invalidQuery", "Inserted row has wrong column count")
    for column, (_, found, *_) in zip(statement.columns, given, strict=True):
        if column not in wanted:
            raise Refused(400, "invalidQuery", f"Column {column} is not present in table")
        if found != wanted[column] and (found, wanted[column]) not in _WIDENINGS:
            message = f"Query column {column} has type {found} which cannot be inserted into a column of type {wanted[column]}"
            raise Refused(400, "invalidQuery", message)


def result_schema(description: Sequence[Sequence[Any]]) -> list[dict[str, str]]:
    return [{"name": each[0], "type": _RESULT_TYPES[str(each[1])], "mode": "NULLABLE"} for each in description]


def cell(value: Any) -> dict[str, Any]:
    """One value as the REST API writes it: everything is text, and a timestamp is its microseconds since 1970."""
    if isinstance(value, bool):
        return {"v": str(value).lower()}
    if isinstance(value, dt.datetime):
        return {"v": str((value - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1))}
    return {"v": None if value is None else str(value)}


def _resolve(table: exp.Table, project: str) -> None:
    if not (table.catalog and table.db):
        raise Refused(400, "invalid", f'Table "{table.sql("bigquery")}" must be qualified with a dataset (e.g. dataset.table).')
    if table.catalog != project:
        raise Refused(403, "accessDenied", f"Access Denied: Project {table.catalog}: no permission here")
    table.set("catalog", None)


def _duck_type(sent: Mapping[str, Any]) -> str:
    match sent["type"]:
        case "ARRAY":
            return f"{_duck_type(sent['arrayType'])}[]"
        case "STRUCT":
            fields = (f'"{each["name"]}" {_duck_type(each["type"])}' for each in sent["structTypes"])
            return f"STRUCT({', '.join(fields)})"
        case name if name in _PARAMETER_TYPES:
            return _PARAMETER_TYPES[name]
        case name:
            raise Refused(400, "invalid", f"Invalid value for type: {name} is not a valid value")


def _value(kind: Mapping[str, Any], sent: Mapping[str, Any]) -> Any:
    """A parameter's value. BigQuery takes texts and numbers, and refuses what is not of the type."""
    if kind["type"] == "ARRAY":
        return [_value(kind["arrayType"], each) for each in sent["arrayValues"]]
    if kind["type"] == "STRUCT":
        fields = {each["name"]: each["type"] for each in kind["structTypes"]}
        return {name: _value(fields[name], each) for name, each in sent["structValues"].items()}
    value = sent.get("value")
    readers: dict[str, Any] = {
        "INT64": int,
        "FLOAT64": float,
        "DATE": dt.date.fromisoformat,
        "TIMESTAMP": dt.datetime.fromisoformat,
        "BOOL": lambda text: {"true": True, "false": False}[str(text).lower()],
    }
    try:
        return None if value is None else readers.get(kind["type"], str)(value)
    except (ValueError, KeyError) as error:
        raise Refused(400, "invalid", f"Invalid query parameter value: {value!r} is no {kind['type']}") from error
