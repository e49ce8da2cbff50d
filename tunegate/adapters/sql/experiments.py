"""The records of experiments in SQL. Rows are only ever inserted, and the primary key decides who was first."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Engine, Row, insert, select
from sqlalchemy.exc import IntegrityError

from tunegate.adapters.sql.outages import retry_on_outage
from tunegate.adapters.sql.tables import experiment_events
from tunegate.domain.canonical import canonical_json
from tunegate.domain.errors import Fault
from tunegate.domain.experiments import EventKind, ExperimentEvent
from tunegate.ports.experiments import ExperimentMoved
from tunegate.ports.results import RecordConflict


class SqlExperimentRecords:
    """Implements the port `ExperimentRecords`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retry_on_outage
    def append(self, event: ExperimentEvent) -> None:
        place = f"experiment {event.experiment} of {event.region}"
        moved = ExperimentMoved(f"entry {event.sequence} of {place} exists, or the one before it is another")
        key = (experiment_events.c.region == event.region, experiment_events.c.experiment == event.experiment)
        newest = (
            select(experiment_events)
            .where(*key, experiment_events.c.sequence <= event.sequence)
            .order_by(experiment_events.c.sequence.desc())
            .limit(2)
        )
        with self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA synchronous = FULL")
            try:
                connection.execute(insert(experiment_events), _columns(event))
            except IntegrityError:
                taken = next(iter(connection.execute(newest.where(experiment_events.c.sequence == event.sequence))))
                if taken.digest == event.digest:
                    return  # An outage after the commit of an earlier attempt.
                raise moved from None
            before = connection.execute(newest).all()[1:]
            if ((before[0].sequence, before[0].digest) if before else (0, None)) != (event.sequence - 1, event.previous):
                raise moved

    @retry_on_outage
    def events(self, region: str, experiment: int) -> tuple[ExperimentEvent, ...]:
        wanted = (
            select(experiment_events)
            .where(experiment_events.c.region == region, experiment_events.c.experiment == experiment)
            .order_by(experiment_events.c.sequence)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(wanted).all()
        found = tuple(map(_event, rows))
        previous: str | None = None
        for number, (event, row) in enumerate(zip(found, rows, strict=True), 1):
            if (event.sequence, event.previous, event.digest) != (number, previous, row.digest):
                rule = "the entries of an experiment must follow each other unchanged"
                place, remedy = f"experiment {experiment} of {region}", "Restore the database from a backup."
                raise RecordConflict(Fault(rule, f"entry {event.sequence} that does not follow", place, remedy))
            previous = event.digest
        return found


def _columns(event: ExperimentEvent) -> dict[str, Any]:
    return {
        "region": event.region,
        "experiment": event.experiment,
        "sequence": event.sequence,
        "kind": event.kind.value,
        "at": event.at,
        "who": event.who,
        "why": event.why,
        "document": canonical_json(dict(event.document)),
        "previous": event.previous,
        "digest": event.digest,
    }


def _event(row: Row[Any]) -> ExperimentEvent:
    return ExperimentEvent(
        region=row.region,
        experiment=row.experiment,
        sequence=row.sequence,
        kind=EventKind(row.kind),
        at=row.at,
        who=row.who,
        why=row.why,
        document=json.loads(row.document),
        previous=row.previous,
    )
