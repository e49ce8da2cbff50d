"""Observations in a table or view of BigQuery that is somebody else's: it is only read."""

from __future__ import annotations

from datetime import datetime

from google.cloud import bigquery

from tunegate.adapters.google.bigquery_dataset import BigQueryDataset
from tunegate.adapters.observation_rows import missing_columns, observations_of
from tunegate.domain.errors import BadInput
from tunegate.experiment.observations import Observation


def open_observations(project: str, dataset: str, table: str) -> BigQueryObservations:
    """The observations of a table or view."""
    return BigQueryObservations(BigQueryDataset(project, dataset, tables=()), table)


class BigQueryObservations:
    """Implements the port `Observations`."""

    def __init__(self, dataset: BigQueryDataset, name: str) -> None:
        self._dataset = dataset
        self._table = dataset.table(name)

    def read(self, region: str, since: datetime, until: datetime) -> tuple[Observation, ...]:
        rows = self._dataset.rows(
            f"SELECT * FROM {self._table} WHERE region = @region AND window_start >= @since AND window_start < @until",  # noqa: S608 - its name is checked by the configuration
            [
                bigquery.ScalarQueryParameter("region", "STRING", region),
                bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
                bigquery.ScalarQueryParameter("until", "TIMESTAMP", until),
            ],
        )
        faults = missing_columns(rows[0].keys(), self._table) if rows else ()
        if faults:
            raise BadInput(*faults)
        located = ((f"{self._table}, window {row['window_start']}, arm {row['arm']}", dict(row.items())) for row in rows)
        return observations_of(located, region, since, until)
