"""What every registry does, whatever keeps it: versions follow each other, one writer wins, and nothing is ever rewritten."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Decision, DecisionOutcome, Release, ReleaseKind
from tunegate.ports.registry import RegistryMoved, VerdictDecided

NOON = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
VERDICT = "sha256:" + "a" * 64
OTHER_VERDICT = "sha256:" + "b" * 64
DECLINED = Decision("toy", VERDICT, DecisionOutcome.DECLINED, "Ōta", NOON, "the routes circle 渋谷")


def release(version: int, **changes: Any) -> Release:
    made = Release(
        region="toy",
        version=version,
        kind=ReleaseKind.ROLLOUT,
        parameters=Parameters({"gamma": 0.1 + 0.2, "max_wait_s": 300}),
        approver="Ōta",
        when=NOON + timedelta(days=version),
        reason="better on 14 days\nand the fallback, too",
        verdict=None,
        previous=version - 1 or None,
        restores=None,
        override=False,
        published='{\n  "version": 1, "note": "渋谷"\n}\n',
    )
    return replace(made, **changes)


def fill(registry, count: int) -> list[Release]:
    made = [release(version) for version in range(1, count + 1)]
    for each in made:
        registry.append(each, each.previous)
    return made


def test_a_new_region_has_no_version(stores):
    assert stores.registry.current("toy") is None
    assert stores.registry.history("toy") == ()
    assert stores.registry.regions() == ()


def test_versions_read_back_as_written_with_every_type_of_number_and_every_byte(stores, open_stores):
    made = fill(stores.registry, 3)
    rollback = release(4, kind=ReleaseKind.ROLLBACK, restores=2, override=True)
    stores.registry.append(rollback, 3)
    again = open_stores().registry
    assert again.history("toy") == (*made, rollback)
    assert again.current("toy") == rollback
    assert {name: type(value) for name, value in again.current("toy").parameters.items()} == {"gamma": float, "max_wait_s": int}


def test_regions_do_not_see_each_other(stores):
    fill(stores.registry, 2)
    stores.registry.append(release(1, region="other"), None)
    assert stores.registry.regions() == ("other", "toy")
    assert stores.registry.current("other").version == 1
    assert stores.registry.current("toy").version == 2


@pytest.mark.parametrize("version", [1, 2, 5])
def test_only_the_next_version_of_what_is_current_is_written(stores, version):
    made = fill(stores.registry, 3)
    with pytest.raises(RegistryMoved, match="no longer the current one of toy"):
        stores.registry.append(release(version), version - 1 or None)
    assert stores.registry.history("toy") == tuple(made)


@pytest.mark.parametrize(("version", "previous", "expected"), [(3, 1, 1), (2, None, 1), (1, 1, None), (2, 1, 2)])
def test_a_release_that_does_not_follow_its_predecessor_is_a_mistake_of_the_caller(stores, version, previous, expected):
    fill(stores.registry, 1)
    with pytest.raises(ValueError, match="must hold, but got"):
        stores.registry.append(release(version, previous=previous), expected)
    assert len(stores.registry.history("toy")) == 1


def test_of_many_that_append_at_once_one_wins_and_the_others_are_told(open_stores):
    registries = [open_stores().registry for _ in range(6)]
    registries[0].append(release(1), None)
    barrier = threading.Barrier(len(registries))

    def append(number: int) -> bool:
        barrier.wait()
        try:
            registries[number].append(release(2, approver=f"writer {number}"), 1)
        except RegistryMoved:
            return False
        return True

    with ThreadPoolExecutor(len(registries)) as pool:
        won = list(pool.map(append, range(len(registries))))
    assert won.count(True) == 1
    history = registries[0].history("toy")
    assert [each.version for each in history] == [1, 2]
    assert history[-1].approver == f"writer {won.index(True)}"


def test_a_release_by_verdict_approves_it_in_the_same_breath(stores):
    fill(stores.registry, 1)
    made = release(2, verdict=VERDICT)
    stores.registry.append(made, 1)
    approved = Decision("toy", VERDICT, DecisionOutcome.APPROVED, made.approver, made.when, made.reason)
    assert stores.registry.decision(VERDICT) == approved
    assert stores.registry.decisions("toy") == (approved,)


def test_a_verdict_releases_once_even_when_its_champion_runs_again(stores):
    fill(stores.registry, 1)
    stores.registry.append(release(2, verdict=VERDICT), 1)
    with pytest.raises(VerdictDecided, match="decided before"):
        stores.registry.append(release(3, verdict=VERDICT), 2)
    assert stores.registry.current("toy").version == 2


@pytest.mark.parametrize("outcome", [DecisionOutcome.DECLINED, DecisionOutcome.EXPIRED])
def test_what_was_declined_or_has_expired_is_not_released_and_leaves_no_version(stores, outcome):
    fill(stores.registry, 1)
    stores.registry.decide(replace(DECLINED, outcome=outcome))
    with pytest.raises(VerdictDecided):
        stores.registry.append(release(2, verdict=VERDICT), 1)
    assert [each.version for each in stores.registry.history("toy")] == [1]
    stores.registry.append(release(2, verdict=OTHER_VERDICT), 1)


def test_a_decision_reads_back_and_the_first_word_stays(stores):
    stores.registry.decide(DECLINED)
    stores.registry.decide(replace(DECLINED, approver="somebody else", when=NOON + timedelta(hours=1)))
    assert stores.registry.decision(VERDICT) == DECLINED
    assert stores.registry.decision(OTHER_VERDICT) is None
    with pytest.raises(VerdictDecided, match="was declined before, by Ōta"):
        stores.registry.decide(replace(DECLINED, outcome=DecisionOutcome.EXPIRED))
    assert stores.registry.decisions("toy") == (DECLINED,)
    assert stores.registry.decisions("other") == ()


def test_an_approved_verdict_can_no_longer_be_declined(stores):
    fill(stores.registry, 1)
    stores.registry.append(release(2, verdict=VERDICT), 1)
    with pytest.raises(VerdictDecided, match="was approved before"):
        stores.registry.decide(DECLINED)


def test_nothing_is_approved_without_a_release(stores):
    with pytest.raises(ValueError, match="approved by a release"):
        stores.registry.decide(replace(DECLINED, outcome=DecisionOutcome.APPROVED))
    assert stores.registry.decision(VERDICT) is None
