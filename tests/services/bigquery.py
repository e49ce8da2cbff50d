"""A stand-in for BigQuery as the real client speaks to it: datasets, tables and query jobs, on DuckDB.

Strict where our writes depend on it. A job's name is taken for ever, and the same name again answers 409. A statement sees the
data as of its start and concurrent INSERTs do not see each other, so that only the names of jobs keep a row from being written
twice. A statement takes a moment, during which its job is RUNNING. Required columns, lengths and types are enforced; a table
keeps its partitioning and clustering; a job is found only in the location of its dataset.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest

from tests.services.bigquery_sql import COLUMN_TYPES, Statement, cell, read_statement, refuse_other_types, result_schema
from tests.services.rest import Answer, Refused, Request, RestService
from tunegate.adapters.google.bigquery_dataset import TABLES
from tunegate.adapters.google.bigquery_tables import schema_text

STATEMENT_S = 0.02  # how long a DML statement runs; the real one takes seconds
PAGE_ROWS = 7  # the real one sends up to 10 MB a page; small, so that paging is seen
_PATH = re.compile(r"/bigquery/v2/projects/([^/]+)/(datasets|jobs|queries)(?:/([^/]+))?(?:/(tables)(?:/([^/]+))?)?")
_CONFLICT = "Could not serialize access to table due to concurrent update"


@dataclass
class Job:
    """A job; `rows` are the answers' rows of a query, in the form of the REST API."""

    name: str
    location: str
    configuration: dict[str, Any]
    state: str = "RUNNING"
    error: dict[str, str] | None = None
    statistics: dict[str, Any] = field(default_factory=dict)
    schema: list[dict[str, str]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


class BigQueryService:
    """One project in memory. `rest` has the address and the faults."""

    def __init__(self, project: str, location: str = "europe-west1") -> None:
        self.project, self.location = project, location
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        self.datasets: set[str] = set()
        self.jobs: dict[str, Job] = {}
        self.denied = False
        self.jobs_of_others = False  # whether jobs that were begun by now are another account's, which may not be looked at
        self._failures: list[str] = []
        self._database = duckdb.connect()
        self._database.execute("SET TimeZone = 'UTC'")
        self._lock = threading.RLock()
        self._names = itertools.count(1)
        self.rest = RestService(self._serve)

    @property
    def url(self) -> str:
        return self.rest.url

    def fail_jobs(self, reason: str, times: int = 1) -> None:
        """Have the next jobs end with this error, their work not done."""
        self._failures += [reason] * times

    def jobs_of(self, kind: str) -> list[Job]:
        """The jobs that ran a statement of this kind, e.g. `INSERT`."""
        return [job for job in self.jobs.values() if job.statistics.get("statementType") == kind]

    def select(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query of DuckDB's own finds in the tables, for a test that looks behind the scenes."""
        return self._database.cursor().execute(sql).fetchall()

    def create(self, dataset: str, tables: Sequence[str] = TABLES) -> None:
        """A dataset with our tables, from the committed schemas."""
        self._create_dataset({"datasetReference": {"datasetId": dataset}})
        for table in tables:
            reference = {"projectId": self.project, "datasetId": dataset, "tableId": table}
            self._create_table(dataset, {**json.loads(schema_text(table)), "tableReference": reference})

    def _serve(self, request: Request) -> Answer:
        path = _PATH.fullmatch(request.path)
        if path is None or path[1] != self.project:
            raise Refused(404, "notFound", f"Not found: {request.path}")
        if self.denied:
            raise Refused(403, "accessDenied", f"Access Denied: Project {self.project}: User does not have permission.")
        _, kind, name, of_tables, table = path.groups()
        if kind == "datasets":
            return Answer.of(self._serve_dataset(request, name, bool(of_tables), table))
        if request.method == "POST" and name is None:
            return Answer.of(
                self._query(request.json()) if kind == "queries" else self._resource(self._insert_job(request.json()))
            )
        if request.method == "GET" and name is not None:
            job = self._job(name, request)
            return Answer.of(
                self._page(job, int(request.query.get("pageToken", 0))) if kind == "queries" else self._resource(job)
            )
        raise Refused(501, "notImplemented", f"{request.method} {request.path} is not served here")

    def _serve_dataset(self, request: Request, name: str | None, of_tables: bool, table: str | None) -> dict[str, Any]:
        match request.method, name, of_tables, table:
            case "POST", None, False, None:
                return self._create_dataset(request.json())
            case "GET", str(), False, None:
                return self._dataset(name)
            case "POST", str(), True, None:
                return self._create_table(name, request.json())
            case "GET", str(), True, str():
                return self._table(name, table)
        raise Refused(501, "notImplemented", f"{request.method} {request.path} is not served here")

    def _create_dataset(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["datasetReference"]["datasetId"]
        if name in self.datasets:
            raise Refused(409, "duplicate", f"Already Exists: Dataset {self.project}:{name}")
        self._database.execute(f'CREATE SCHEMA "{name}"')
        self.datasets.add(name)
        return self._dataset(name)

    def _dataset(self, name: str) -> dict[str, Any]:
        if name not in self.datasets:
            raise Refused(404, "notFound", f"Not found: Dataset {self.project}:{name}")
        return {"datasetReference": {"projectId": self.project, "datasetId": name}, "location": self.location}

    def _create_table(self, dataset: str, body: dict[str, Any]) -> dict[str, Any]:
        self._dataset(dataset)
        name, columns = body["tableReference"]["tableId"], body["schema"]["fields"]
        if (dataset, name) in self.tables:
            raise Refused(409, "duplicate", f"Already Exists: Table {self.project}:{dataset}.{name}")
        known = {column["name"]: column["type"] for column in columns}
        if known.get(body["timePartitioning"]["field"]) not in {"DATE", "TIMESTAMP"}:
            raise Refused(400, "invalid", "The field specified for partitioning must be a DATE or TIMESTAMP.")
        if not set(body["clustering"]["fields"]) <= known.keys() or len(body["clustering"]["fields"]) > 4:
            raise Refused(400, "invalid", "Clustering takes up to four columns of the table.")
        self._database.execute(f'CREATE TABLE "{dataset}"."{name}" ({", ".join(map(_column, columns))})')
        self.tables[dataset, name] = {**body, "type": "TABLE"}
        return self.tables[dataset, name]

    def _table(self, dataset: str, name: str) -> dict[str, Any]:
        self._dataset(dataset)
        if (dataset, name) not in self.tables:
            raise Refused(404, "notFound", f"Not found: Table {self.project}:{dataset}.{name}")
        return self.tables[dataset, name]

    def _insert_job(self, body: dict[str, Any]) -> Job:
        query, reference = body["configuration"].get("query"), body["jobReference"]
        if query is None:
            raise Refused(501, "notImplemented", "only query jobs are served here")
        self._refuse_other_location(reference.get("location"))
        job = Job(reference["jobId"], self.location, body["configuration"])
        with self._lock:
            if job.name in self.jobs:
                raise Refused(409, "duplicate", f"Already Exists: Job {self.project}:{self.location}.{job.name}")
            self.jobs[job.name] = job
        threading.Thread(target=self._run, args=(job, query), daemon=True).start()
        return job

    def _query(self, body: dict[str, Any]) -> dict[str, Any]:
        """A query without a job of its own: answered at once, or with the error it has."""
        self._refuse_other_location(body.get("location"))
        job = Job(f"job_{next(self._names)}", self.location, {"query": body})
        self.jobs[job.name] = job
        self._run(job, body)
        if job.error is not None:
            status = {"accessDenied": 403, "notFound": 404}.get(job.error["reason"], 400)
            raise Refused(status, job.error["reason"], job.error["message"])
        return self._page(job, 0)

    def _run(self, job: Job, query: dict[str, Any]) -> None:
        if query.get("useLegacySql", True):
            return self._end(job, "invalid", "legacy SQL is not served here")
        if self._failures:
            return self._end(job, self._failures.pop(0), "The job was told to fail.")
        try:
            self._execute(job, read_statement(self.project, query["query"], query.get("queryParameters", ())))
        except Refused as refused:
            return self._end(job, refused.reason, refused.message)
        except duckdb.CatalogException as error:
            return self._end(job, "notFound", f"Not found: {error}")
        except duckdb.Error as error:
            return self._end(job, "invalidQuery", str(error))
        job.state = "DONE"
        return None

    def _execute(self, job: Job, statement: Statement) -> None:
        for last in (False, False, True):  # a statement that meets a concurrent update is run again, three times at most
            cursor = self._database.cursor()
            cursor.execute("SET TimeZone = 'UTC'")
            try:
                return self._in_a_transaction(cursor, job, statement)
            except duckdb.TransactionException as error:
                if last:
                    raise Refused(400, "invalidQuery", _CONFLICT) from error
        return None

    def _in_a_transaction(self, cursor: duckdb.DuckDBPyConnection, job: Job, statement: Statement) -> None:
        cursor.execute("BEGIN TRANSACTION")
        refuse_other_types(cursor, statement)
        cursor.execute(statement.sql, dict(statement.values))
        found = cursor.fetchall()
        if statement.kind is None:
            job.schema = result_schema(cursor.description or ())
            job.rows = [{"f": [cell(value) for value in row]} for row in found]
        else:
            job.statistics = {"statementType": statement.kind, "numDmlAffectedRows": str(found[0][0])}
            time.sleep(STATEMENT_S)
        cursor.execute("COMMIT")

    def _end(self, job: Job, reason: str, message: str) -> None:
        job.error = {"reason": reason, "message": message}
        job.state = "DONE"

    def _job(self, name: str, request: Request) -> Job:
        self._refuse_other_location(request.query.get("location"))
        if self.jobs_of_others and request.path.split("/")[-2] == "jobs":
            raise Refused(403, "accessDenied", f"Access Denied: Job {name}: User does not have bigquery.jobs.get permission.")
        if name not in self.jobs:
            raise Refused(404, "notFound", f"Not found: Job {self.project}:{name}")
        return self.jobs[name]

    def _refuse_other_location(self, location: str | None) -> None:
        if location != self.location:
            raise Refused(404, "notFound", f"Not found: no dataset and no job of ours is in location {location}")

    def _resource(self, job: Job) -> dict[str, Any]:
        errors = {} if job.error is None else {"errorResult": job.error, "errors": [job.error]}
        return {
            "kind": "bigquery#job",
            "id": f"{self.project}:{job.location}.{job.name}",
            "jobReference": {"projectId": self.project, "jobId": job.name, "location": job.location},
            "configuration": {"jobType": "QUERY", **job.configuration},
            "status": {"state": job.state, **errors},
            "statistics": {"query": job.statistics},
        }

    def _page(self, job: Job, start: int) -> dict[str, Any]:
        rest = job.rows[start:]
        more = {"pageToken": str(start + PAGE_ROWS)} if len(rest) > PAGE_ROWS else {}
        return {
            "jobReference": {"projectId": self.project, "jobId": job.name, "location": job.location},
            "jobComplete": True,
            "schema": {"fields": job.schema},
            "totalRows": str(len(job.rows)),
            "rows": rest[:PAGE_ROWS],
            **more,
        }


def _column(column: dict[str, Any]) -> str:
    name = f'"{column["name"]}"'
    required = " NOT NULL" if column["mode"] == "REQUIRED" else ""
    limit = f" CHECK (length({name}) <= {column['maxLength']})" if "maxLength" in column else ""
    return f"{name} {COLUMN_TYPES[column['type']]}{required}{limit}"


@contextmanager
def bigquery_service(project: str = "acme-tunegate") -> Iterator[BigQueryService]:
    """The service, stopped at the end. Clients find it by BIGQUERY_EMULATOR_HOST."""
    service = BigQueryService(project)
    try:
        yield service
    finally:
        service.rest.close()


@pytest.fixture
def bigquery(monkeypatch: pytest.MonkeyPatch) -> Iterator[BigQueryService]:
    """The service with our tables in the dataset `results`; clients of this process and its children find it."""
    with bigquery_service() as service:
        service.create("results")
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", service.url)
        yield service
