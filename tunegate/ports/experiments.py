"""The records of experiments: what was seen of each and what came of it. Append-only."""

from __future__ import annotations

from typing import Protocol

from tunegate.domain.experiments import ExperimentEvent


class ExperimentMoved(Exception):
    """The record has another newest entry than the writer thought; nothing was written."""


class ExperimentRecords(Protocol):
    """Entries by region and experiment. Every method may block for a database and may be called from any thread."""

    def append(self, event: ExperimentEvent) -> None:
        """Compare and swap: add the entry if the one whose digest is its `previous` is still the newest of its experiment.

        On disk when the call returns. The same entry once more changes nothing. Raises ExperimentMoved.
        """
        ...

    def events(self, region: str, experiment: int) -> tuple[ExperimentEvent, ...]:
        """Every entry of an experiment, oldest first. Raises RecordConflict when one was changed or is missing."""
        ...
