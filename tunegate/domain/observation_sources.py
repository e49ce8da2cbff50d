"""Where the observations of a region are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ObservationFolder:
    """A folder of CSV and Parquet files (absolute path)."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class ObservationTable:
    """A table or view of a SQL database, whose URL is in an environment variable because it may hold a password."""

    url_variable: str
    table: str

    def __str__(self) -> str:
        return f"table {self.table} of ${self.url_variable}"


@dataclass(frozen=True, slots=True)
class ObservationView:
    """A table or view of BigQuery."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        return f"bigquery://{self.project}/{self.dataset}/{self.table}"


ObservationSource = ObservationFolder | ObservationTable | ObservationView
