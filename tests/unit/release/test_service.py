"""The one way into production: what ends where, what a crash leaves behind, and who wins."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.synthetic.evidence import PRODUCTION
from tests.synthetic.published import published_text
from tests.unit.release.conftest import approval_of, candidate_of, changed, judged_at, next_record, policy_of, record
from tunegate.adapters.sql.tables import releases
from tunegate.domain.errors import BadInput
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import DecisionOutcome, Release
from tunegate.release.service import PublicationRepair, ReleaseLost, ReleaseService

RECORD = record()
READY = candidate_of(RECORD)
APPROVAL = approval_of(RECORD)


def published(office) -> dict[str, Any]:
    return json.loads(published_text(office.publisher, "toy"))


def test_the_first_approval_keeps_what_ran_before_as_version_1(office):
    release = office.desk.approve(READY, APPROVAL)
    assert [each.kind for each in office.registry.history("toy")] == ["initial", "rollout"]
    assert office.registry.current("toy") == release
    assert published(office)["parameters"] == {"gamma": 0.97, "max_wait_s": 420}
    office.desk.rollback("toy", None, "ben", "taxis circle")
    assert published(office)["parameters"] == {"gamma": 0.95, "max_wait_s": 300}


def test_a_refusal_writes_no_version_and_publishes_nothing(office):
    with pytest.raises(BadInput, match="region's list"):
        office.desk.approve(READY, replace(APPROVAL, approver="mallory"))
    assert office.registry.history("toy") == ()
    assert office.registry.decision(RECORD.id) is None
    assert published_text(office.publisher, "toy") is None


def test_a_rollback_restores_the_file_byte_for_byte(office):
    office.desk.approve(READY, APPROVAL)
    before = office.publisher.path("toy").read_bytes()
    office.clock.wait(hours=2)
    second = next_record(1)
    office.desk.approve(candidate_of(second), approval_of(second))
    between = office.publisher.path("toy").read_bytes()
    assert between != before
    office.clock.wait(days=3)
    release = office.desk.rollback("toy", None, "ben", "taxis circle")
    assert office.publisher.path("toy").read_bytes() == before
    assert (release.version, release.restores) == (4, 2)
    office.desk.rollback("toy", 3, "ben", "it was the weather")
    assert office.publisher.path("toy").read_bytes() == between


def test_a_verdict_is_approved_once_even_after_a_rollback_to_its_champion(office):
    office.desk.approve(READY, APPROVAL)
    office.desk.rollback("toy", None, "ben", "taxis circle")
    with pytest.raises(BadInput, match="decided once, but got approved by Ada"):
        office.desk.approve(READY, APPROVAL)
    assert office.registry.current("toy").version == 3


def test_a_declined_verdict_stays_declined_and_production_as_it_is(office):
    office.desk.decline("toy", RECORD.id, "ben", "not in the holiday week")
    decision = office.registry.decision(RECORD.id)
    assert (decision.outcome, decision.approver, decision.reason) == (
        DecisionOutcome.DECLINED,
        "ben",
        "not in the holiday week",
    )
    with pytest.raises(BadInput, match="decided once, but got declined by ben"):
        office.desk.approve(READY, APPROVAL)
    assert published_text(office.publisher, "toy") is None


def test_declining_needs_a_name_and_a_reason_and_an_open_verdict(office):
    with pytest.raises(BadInput, match="it must be said why"):
        office.desk.decline("toy", RECORD.id, "ben", " ")
    office.desk.approve(READY, APPROVAL)
    with pytest.raises(BadInput, match="was approved before, by Ada"):
        office.desk.decline("toy", RECORD.id, "ben", "too late")


def test_an_approval_that_comes_too_late_closes_the_verdict_as_expired(office):
    office.clock.wait(days=8)
    with pytest.raises(BadInput, match="within 7 days"):
        office.desk.approve(READY, APPROVAL)
    assert office.registry.decision(RECORD.id).outcome is DecisionOutcome.EXPIRED
    office.clock.wait(days=-8)
    with pytest.raises(BadInput, match="decided once, but got expired by tunegate"):
        office.desk.approve(READY, APPROVAL)


def test_nothing_expires_before_its_time(office):
    with pytest.raises(BadInput, match="expires when its time"):
        office.desk.expire(READY, "toy", RECORD.id)
    office.clock.wait(days=8)
    office.desk.expire(READY, "toy", RECORD.id)
    assert office.registry.decision(RECORD.id).reason == "not approved within 7 days"


def test_two_candidates_of_one_champion_cannot_both_come_in(office):
    office.desk.approve(READY, APPROVAL)
    one, other = next_record(1), next_record(2)
    office.desk.approve(candidate_of(one), approval_of(one))
    with pytest.raises(BadInput, match="judged against what production runs now"):
        office.desk.approve(candidate_of(other), approval_of(other))


class Overtaken:
    """A real registry in which somebody else is quicker, after the check and before the write."""

    def __init__(self, registry, overtake) -> None:
        self._registry, self._overtake = registry, overtake

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry, name)

    def append(self, release: Release, expected_current: int | None) -> None:
        overtake, self._overtake = self._overtake, lambda: None
        overtake()
        self._registry.append(release, expected_current)


@pytest.mark.parametrize("started", [False, True], ids=["first release", "later release"])
def test_who_is_overtaken_between_check_and_write_releases_nothing_and_is_told(office, started):
    winner, loser = (next_record(1), next_record(2)) if started else (RECORD, changed(RECORD, "code_version", "other"))
    if started:
        office.desk.approve(READY, APPROVAL)
    overtaken = Overtaken(office.registry, lambda: office.desk.approve(candidate_of(winner), approval_of(winner)))
    with pytest.raises(ReleaseLost, match=r"another release came first.*rollout by Ada.*Nothing was released"):
        ReleaseService(overtaken, office.publisher, office.clock, policy_of).approve(candidate_of(loser), approval_of(loser))
    assert office.registry.current("toy").verdict == winner.id
    assert office.registry.decision(loser.id) is None
    assert published(office)["verdict"] == winner.id


def test_a_rollback_that_is_overtaken_changes_nothing_and_is_told(office):
    office.desk.approve(READY, APPROVAL)
    second = next_record(1)
    overtaken = Overtaken(office.registry, lambda: office.desk.approve(candidate_of(second), approval_of(second)))
    with pytest.raises(ReleaseLost, match="version 3, rollout by Ada"):
        ReleaseService(overtaken, office.publisher, office.clock, policy_of).rollback("toy", None, "ben", "taxis circle")
    assert published(office)["version"] == 3


class TestReconcile:
    def test_what_production_reads_follows_the_registry_whatever_happened_to_it(self, office):
        office.desk.approve(READY, APPROVAL)
        path: Path = office.publisher.path("toy")
        whole = path.read_bytes()
        for damage in (b"", b"\xff\xfe", whole[:40], whole.replace(b"0.97", b"0.99")):
            path.write_bytes(damage)
            assert office.desk.repair_publications() == (PublicationRepair("toy", changed=True, failure=None),)
            assert path.read_bytes() == whole
        path.unlink()
        assert office.desk.repair_publications() == (PublicationRepair("toy", changed=True, failure=None),)
        assert not any(repair.changed for repair in office.desk.repair_publications())

    def test_a_region_without_a_release_is_left_alone(self, office):
        path = office.publisher.path("toy")
        path.parent.mkdir(parents=True)
        path.write_text("somebody else's")
        assert office.desk.reconcile("toy") is False
        assert not any(repair.changed for repair in office.desk.repair_publications())
        assert path.read_text() == "somebody else's"

    def test_a_row_that_was_changed_by_hand_keeps_no_other_region_from_being_repaired(self, office):
        release = office.desk.approve(READY, APPROVAL)
        for region, change in (("misfit", {"published": "{}"}), ("unreadable", {"parameters": "{"})):
            first = replace(release, region=region, version=1, previous=None, verdict=None)
            office.registry.append(first, None)
            with office.registry._engine.begin() as connection:
                connection.execute(update(releases).where(releases.c.region == region).values(change))
        office.publisher.path("toy").unlink()
        misfit, toy, unreadable = office.desk.repair_publications()
        assert (misfit.region, "a document must say what the registry says" in misfit.failure) == ("misfit", True)
        assert toy == PublicationRepair("toy", changed=True, failure=None)
        assert (unreadable.region, "the registry could not be read" in unreadable.failure) == ("unreadable", True)

    def test_every_step_begins_by_putting_things_right(self, office):
        office.desk.approve(READY, APPROVAL)
        path: Path = office.publisher.path("toy")
        whole = path.read_bytes()
        path.write_bytes(b"half")
        with pytest.raises(BadInput):
            office.desk.approve(READY, APPROVAL)
        assert path.read_bytes() == whole

    def test_remains_of_a_killed_writer_are_cleared_away(self, office):
        office.desk.approve(READY, APPROVAL)
        folder = office.publisher.path("toy").parent
        (folder / ".toy.json.abc123").write_text("half")
        (folder / ".toyville.json.abc123").write_text("another region's")
        office.desk.rollback("toy", None, "ben", "taxis circle")
        assert sorted(path.name for path in folder.iterdir()) == [".toy.lock", ".toyville.json.abc123", "toy.json"]


@pytest.mark.parametrize(
    ("region", "to", "message"),
    [("nowhere", None, "must have a release"), ("toy", 9, "that was released"), ("toy", 2, "must change")],
)
def test_a_rollback_to_nowhere_is_refused(office, region, to, message):
    office.desk.approve(READY, APPROVAL)
    with pytest.raises(BadInput, match=message):
        office.desk.rollback(region, to, "ben", "why not")
    assert published(office)["version"] == 2


def test_the_parameters_of_the_record_are_released_and_no_others(office):
    """Whoever calls cannot slip in other parameters: they come from the record that has the approved digest."""
    release = office.desk.approve(replace(READY, configured=PRODUCTION), APPROVAL)
    assert release.parameters == Parameters({"gamma": 0.97, "max_wait_s": 420})
    assert judged_at(RECORD) + timedelta(hours=1) == release.when
