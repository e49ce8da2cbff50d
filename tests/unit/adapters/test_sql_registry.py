"""What only the SQL registry promises."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import event

from tunegate.adapters.sql.database import open_database
from tunegate.adapters.sql.registry import SqlRegistry
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Decision, DecisionOutcome, Release, ReleaseKind

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FULL = 2


def test_on_sqlite_a_release_and_a_decision_are_on_disk_when_they_are_committed(tmp_path):
    """In WAL mode the default, NORMAL, may lose a commit in a power cut; production would run what the registry forgot."""
    engine = open_database(f"sqlite:///{tmp_path}/results.sqlite")
    modes = []
    event.listen(engine, "commit", lambda connection: modes.append(connection.exec_driver_sql("PRAGMA synchronous").scalar()))
    registry, parameters = SqlRegistry(engine), Parameters({"gamma": 0.9})
    release = Release(
        "toy", 1, ReleaseKind.INITIAL, parameters, "ada", NOON, "", None, None, None, override=False, published=""
    )
    registry.append(release, None)
    registry.decide(Decision("toy", "sha256:" + "a" * 64, DecisionOutcome.DECLINED, "ben", NOON, "no"))
    engine.dispose()
    assert modes == [FULL, FULL]
