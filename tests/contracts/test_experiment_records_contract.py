"""What every record of experiments does: entries follow each other, one writer wins, and changes are seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tunegate.domain.experiments import EventKind, ExperimentEvent
from tunegate.ports.experiments import ExperimentMoved
from tunegate.ports.results import RecordConflict

NOON = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
STARTED = ExperimentEvent("toy", 2, 1, EventKind.STARTED, NOON, "Ōta", "try it", {"seed": 2**53, "x": 0.1 + 0.2}, None)


def following(before: ExperimentEvent, kind: EventKind = EventKind.LOOK, **changes: object) -> ExperimentEvent:
    made = replace(before, sequence=before.sequence + 1, kind=kind, at=before.at + timedelta(hours=1), previous=before.digest)
    return replace(made, **changes)


def test_entries_read_back_as_written_in_another_process_too(stores, open_stores):
    looked = following(STARTED, document={"effect_pct": -1e-300, "why": "渋谷"})
    stores.experiments.append(STARTED)
    stores.experiments.append(looked)
    assert open_stores().experiments.events("toy", 2) == (STARTED, looked)


def test_experiments_do_not_see_each_other(stores):
    stores.experiments.append(STARTED)
    stores.experiments.append(replace(STARTED, region="other"))
    assert stores.experiments.events("toy", 3) == ()
    assert stores.experiments.events("other", 2)[0].region == "other"


def test_the_same_entry_once_more_changes_nothing(stores):
    for event in (STARTED, STARTED, following(STARTED), following(STARTED), STARTED):
        stores.experiments.append(event)
    assert stores.experiments.events("toy", 2) == (STARTED, following(STARTED))


@pytest.mark.parametrize(
    "other",
    [
        replace(STARTED, who="ben"),
        following(STARTED, previous=None),
        following(STARTED, previous="sha256:" + "0" * 64),
        following(following(STARTED)),
    ],
    ids=["place taken", "no previous", "another previous", "a gap"],
)
def test_an_entry_that_does_not_follow_the_newest_is_not_written(stores, other):
    stores.experiments.append(STARTED)
    with pytest.raises(ExperimentMoved):
        stores.experiments.append(other)
    assert stores.experiments.events("toy", 2) == (STARTED,)


def test_of_many_writers_at_once_one_wins(open_stores):
    stores = [open_stores() for _ in range(6)]
    stores[0].experiments.append(STARTED)

    def write(number: int) -> bool:
        try:
            stores[number].experiments.append(following(STARTED, who=f"monitor {number}"))
        except ExperimentMoved:
            return False
        return True

    with ThreadPoolExecutor(len(stores)) as pool:
        assert sum(pool.map(write, range(len(stores)))) == 1
    assert len(stores[0].experiments.events("toy", 2)) == 2


@pytest.mark.parametrize(
    "tampering",
    ["UPDATE experiment_events SET why = 'x' WHERE sequence = 1", "DELETE FROM experiment_events WHERE sequence = 1"],
)
def test_an_entry_that_was_changed_or_taken_out_is_seen(stores, tampering):
    stores.experiments.append(STARTED)
    stores.experiments.append(following(STARTED))
    with stores.engine.begin() as connection:
        connection.execute(text(tampering))
    with pytest.raises(RecordConflict, match="follow each other unchanged"):
        stores.experiments.events("toy", 2)
