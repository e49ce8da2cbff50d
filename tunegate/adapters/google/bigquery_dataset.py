"""A dataset of BigQuery: queries that are retried, and statements that run once however often they are sent.

BigQuery runs a job of one name once in a project and location. A statement that is sent again, because its answer got lost or
because another process does the same work, has the same job name and writes nothing twice
(docs/adr/0009-named-jobs-write-bigquery.md).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tunegate.adapters.google.bigquery_tables import table_schema
from tunegate.adapters.google.calls import (
    CALL_TIMEOUT_S,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    RETRY_FOR_S,
    TRANSIENT_REASONS,
    Caller,
    TransientError,
    in_short,
)
from tunegate.domain.errors import BadInput, Fault
from tunegate.ports.outage import Outage

TABLES = ("day_results", "trials", "verdicts")
EMULATOR_VARIABLE = "BIGQUERY_EMULATOR_HOST"  # the client's own; a stand-in there asks for no credentials
_REMEDY = (
    "Create dataset and tables with infra/terraform, and let tunegate edit the dataset (roles/bigquery.dataEditor), run jobs "
    "in the project (roles/bigquery.jobUser) and, where it runs as several accounts, see each other's (bigquery.jobs.get)."
)
_FIRST_POLL_S, _LONGEST_POLL_S = 0.1, 2.0

_NO_RETRY: Any = None  # which the client takes, though its types do not say so

Parameter = bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter


class BigQueryDataset:
    """Opened by the first call, not before. Safe to use from any thread.

    Every method raises Outage, and BadInput where a dataset, a table, a column or a permission is missing. `tables` are those
    of ours that must be in the dataset.
    """

    def __init__(self, project: str, name: str, retry_for_s: float = RETRY_FOR_S, *, tables: Sequence[str] = TABLES) -> None:
        self._tables = tuple(tables)
        self.name = f"{project}.{name}"
        self._project = project
        self._location = f"bigquery://{project}/{name}"
        self._call = Caller(self._location, _REMEDY, retry_for_s)
        self._patience_s = retry_for_s
        self._opening = threading.Lock()
        self._opened: tuple[bigquery.Client, str] | None = None

    def table(self, name: str) -> str:
        """The table's full name for SQL."""
        return f"`{self.name}.{name}`"

    def open(self) -> tuple[bigquery.Client, str]:
        """A client, and the location where the dataset's jobs must run. Checks once that all tables exist."""
        with self._opening:
            if self._opened is None:
                with self._call.explained():
                    client = _client(self._project)
                self._opened = client, self._checked_location(client)
            return self._opened

    def rows(self, sql: str, parameters: Sequence[Parameter]) -> list[bigquery.Row]:
        """The rows a query gives."""
        client, location = self.open()
        config = bigquery.QueryJobConfig(query_parameters=list(parameters))

        def ask() -> list[bigquery.Row]:
            return list(
                client.query_and_wait(
                    sql,
                    job_config=config,
                    location=location,
                    retry=_NO_RETRY,
                    job_retry=_NO_RETRY,
                    api_timeout=CALL_TIMEOUT_S,
                    wait_timeout=self._patience_s,
                )
            )

        try:
            return self._call.retry(ask)
        except api.NotFound as error:
            raise self._missing(error) from error

    def run_once(self, name: str, sql: str, parameters: Sequence[Parameter]) -> int | None:
        """Run a statement as the job of this name, wait for it, and return how many rows it changed.

        None where the name is taken, perhaps by ourselves, or the job failed transiently. Then read the table; if it does not
        have the rows, call `await_end` before running the statement under another name.
        """
        client, location = self.open()
        try:
            job = self._begin(client, location, name, sql, parameters)
        except api.Conflict:
            return None
        except api.NotFound as error:
            raise self._missing(error) from error
        self._wait(job)
        if job.error_result is None:
            return job.num_dml_affected_rows
        if job.error_result.get("reason") in TRANSIENT_REASONS:
            return None
        raise self._refused(job)

    def await_end(self, name: str) -> None:
        """Wait until the job of this name has ended, whoever started it."""
        client, location = self.open()
        self._wait(self._call.retry(lambda: _existing(client, location, name)))

    def attempts(self, what: str) -> Iterator[int]:
        """0, 1, 2 …, with growing pauses in between. Raises Outage after `retry_for_s`."""
        end, pause_s, number = time.monotonic() + self._patience_s, FIRST_PAUSE_S, 0
        while True:
            yield number
            number += 1
            if time.monotonic() > end:
                raise Outage(f"{self._location}: {what} was not kept after {number} attempts within {self._patience_s:g} s")
            if number > 1:
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _begin(
        self, client: bigquery.Client, location: str, name: str, sql: str, parameters: Sequence[Parameter]
    ) -> bigquery.QueryJob:
        config = bigquery.QueryJobConfig(query_parameters=list(parameters))
        return self._call(client.query, sql, job_config=config, job_id=name, location=location, job_retry=_NO_RETRY)

    def _wait(self, job: bigquery.QueryJob) -> None:
        end, pause_s = time.monotonic() + self._patience_s, _FIRST_POLL_S
        while job.state != "DONE":
            if time.monotonic() > end:
                raise Outage(f"{self._location}: job {job.job_id} did not end within {self._patience_s:g} s")
            time.sleep(pause_s)
            pause_s = min(1.5 * pause_s, _LONGEST_POLL_S)
            self._call(job.reload)

    def _checked_location(self, client: bigquery.Client) -> str:
        try:
            dataset = self._call(client.get_dataset, self.name)
            found = {name: self._call(client.get_table, f"{self.name}.{name}") for name in self._tables}
        except api.NotFound as error:
            raise self._missing(error) from error
        faults = [fault for name, table in found.items() for fault in self._misfits(name, table)]
        if faults:
            raise BadInput(*faults)
        return str(dataset.location)

    def _misfits(self, name: str, table: bigquery.Table) -> Iterator[Fault]:
        types = {field.name: field.field_type for field in table.schema}
        for column in table_schema(name).columns:
            if types.get(column.name) != column.type:
                rule = f"the column {column.name} must be a {column.type}"
                yield Fault(rule, types.get(column.name, "no such column"), f"{self._location}, table {name}", _REMEDY)

    def _missing(self, error: api.NotFound) -> BadInput:
        return BadInput(Fault("dataset and tables must exist", in_short(error), self._location, _REMEDY))

    def _refused(self, job: bigquery.QueryJob) -> Exception:
        reason, message = job.error_result.get("reason"), str(job.error_result.get("message"))
        if reason in {"accessDenied", "notFound"}:
            rule = "BigQuery must let tunegate write its tables"
            return BadInput(Fault(rule, f"{reason}: {in_short(message)}", self._location, _REMEDY))
        return ValueError(
            f"{self._location}: a statement must be one that BigQuery runs, but got {reason}: {in_short(message)}"
        )


def _existing(client: bigquery.Client, location: str, name: str) -> bigquery.QueryJob:
    """The job of a name that is taken. BigQuery may briefly refuse a name and still not find its job."""
    try:
        job = client.get_job(name, location=location, retry=_NO_RETRY, timeout=CALL_TIMEOUT_S)
    except api.NotFound as error:
        raise TransientError(f"job {name} exists but is not found") from error
    if not isinstance(job, bigquery.QueryJob):
        raise TypeError(f"job {name} must be a query, but got {type(job).__name__}")
    return job


def _client(project: str) -> bigquery.Client:
    credentials = AnonymousCredentials() if os.environ.get(EMULATOR_VARIABLE) else None  # type: ignore[no-untyped-call]
    return bigquery.Client(project, credentials=credentials)
