"""Who may release what: every rule refuses by itself, with its reason, and a refusal names them all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.synthetic.evidence import CANDIDATE
from tests.unit.release.conftest import POLICY, PRODUCTION, approval_of, candidate_of, changed, judged_at, record, stored_routes
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Decision, DecisionOutcome, Release, ReleaseKind
from tunegate.gate.routes.check import Blocked, NotChecked, Passed
from tunegate.release.rollback import rollback_release
from tunegate.release.rules import (
    RegistryState,
    ReleaseRefusal,
    find_ineligibility,
    initial_release,
    release_or_refusal,
)

RECORD = record()
READY = candidate_of(RECORD)
APPROVAL = approval_of(RECORD)
NOW = judged_at(RECORD) + timedelta(hours=1)
EMPTY = RegistryState(None, None)
FIRST = initial_release(READY, APPROVAL, NOW)


def rollout(previous: Release, parameters: Parameters = CANDIDATE) -> Release:
    """A release of other parameters after `previous`."""
    made = {
        "version": previous.version + 1,
        "previous": previous.version,
        "kind": ReleaseKind.ROLLOUT,
        "parameters": parameters,
    }
    return replace(previous, **made, restores=None, override=False, published=f"version {previous.version + 1}")


def refused(case=READY, approval=APPROVAL, registry=EMPTY, now=NOW) -> list[str]:
    answer = release_or_refusal(case, approval, registry, now)
    assert isinstance(answer, ReleaseRefusal)
    assert answer.faults
    return [str(fault) for fault in answer.faults]


def only(faults: list[str]) -> str:
    assert len(faults) == 1, faults
    return faults[0]


def test_an_approved_promotion_becomes_the_version_after_what_ran_before():
    release = release_or_refusal(READY, APPROVAL, EMPTY, NOW)
    assert (release.version, release.previous, release.kind, release.override) == (2, 1, "rollout", False)
    assert (release.approver, release.reason, release.when, release.verdict) == ("Ada", "looks right", NOW, RECORD.id)
    assert release.parameters.digest == CANDIDATE.digest
    later = release_or_refusal(READY, APPROVAL, RegistryState(replace(FIRST, version=7), None), NOW)
    assert (later.version, later.previous) == (8, 7)


def test_what_ran_before_is_version_1_of_the_region():
    assert (FIRST.version, FIRST.kind, FIRST.verdict, FIRST.previous) == (1, "initial", None, None)
    assert FIRST.parameters.digest == PRODUCTION.digest
    assert "by the configuration of toy-1" in FIRST.reason


def test_production_reads_whole_numbers_where_its_recommender_takes_them():
    document = json.loads(release_or_refusal(READY, APPROVAL, EMPTY, NOW).published)
    assert document["parameters"] == {"gamma": 0.97, "max_wait_s": 420}
    assert {name: type(value) for name, value in document["parameters"].items()} == {"gamma": float, "max_wait_s": int}
    assert (document["region"], document["version"], document["verdict"]) == ("toy", 2, RECORD.id)


def test_the_same_release_has_the_same_bytes():
    one, other = (release_or_refusal(READY, APPROVAL, EMPTY, NOW) for _ in range(2))
    assert one.published == other.published


@pytest.mark.parametrize(
    "place", ["evidence.candidate.gamma", "judgement.verdict.reason", "policy.minimum_effect_pct", "evidence.judged_on"]
)
def test_a_record_that_was_changed_is_not_read_any_further(place):
    tampered = changed(RECORD, place, "2030-01-01" if place.endswith("on") else 0.49)
    assert "must name the digest of the record as it is" in only(refused(replace(READY, record=tampered.document)))


def test_a_record_of_another_format_is_refused():
    other = changed(RECORD, "format", 2)
    assert "`format == 1` must hold, but got 2" in only(refused(candidate_of(other), approval_of(other)))


def test_an_approval_for_another_region_is_refused():
    assert "must be for the region of the verdict, but got kyoto, not toy" in only(
        refused(approval=replace(APPROVAL, region="kyoto"))
    )


def test_the_last_moment_is_in_time_and_the_next_is_too_late():
    end = READY.stored_at + timedelta(days=7)
    assert isinstance(release_or_refusal(READY, APPROVAL, EMPTY, end), Release)
    late = release_or_refusal(READY, APPROVAL, EMPTY, end + timedelta(microseconds=1))
    assert isinstance(late, ReleaseRefusal)
    assert late.expired
    assert "must be approved within 7 days" in str(late.faults[0])


def test_moving_the_date_beside_the_record_wins_no_time():
    """Only the day of judgement is under the digest; the time at which the record was kept is not."""
    end_of_day = judged_at(RECORD).replace(hour=0) + timedelta(days=1)
    moved = replace(READY, stored_at=NOW + timedelta(days=365))
    assert isinstance(release_or_refusal(moved, APPROVAL, EMPTY, end_of_day + timedelta(days=7)), Release)
    assert "within 7 days" in only(refused(moved, now=end_of_day + timedelta(days=7, microseconds=1)))


def test_a_champion_that_changed_since_is_refused():
    other = RegistryState(rollout(FIRST, Parameters({"gamma": 0.5, "max_wait_s": 300})), None)
    fault = only(refused(registry=other))
    assert "judged against what production runs now" in fault
    assert "version 2" in fault
    assert "Tune again" in fault


def test_before_the_first_release_the_champion_is_what_the_configuration_says():
    fault = only(refused(replace(READY, configured=Parameters({"gamma": 0.5, "max_wait_s": 300}))))
    assert "in the configuration" in fault


def test_whole_and_broken_numbers_of_equal_value_are_the_same_champion():
    assert isinstance(
        release_or_refusal(replace(READY, configured=Parameters({"gamma": 0.95, "max_wait_s": 300.0})), APPROVAL, EMPTY, NOW),
        Release,
    )


def test_a_candidate_that_runs_already_is_refused():
    faults = refused(registry=RegistryState(rollout(FIRST), None))
    assert any("a release must change what production runs" in fault for fault in faults)


@pytest.mark.parametrize(("name", "value"), [("gamma", "nan"), ("gamma", "inf"), ("max_wait_s", 300.5)])
def test_a_candidate_that_no_recommender_could_run_is_refused(name, value):
    odd = changed(RECORD, f"evidence.candidate.{name}", value)
    assert f"{name} = {value}" in only(refused(candidate_of(odd), approval_of(odd)))


@pytest.mark.parametrize("who", ["mallory", "ada@example.org", "Ada Lovelace", "ad", "*"])
def test_somebody_who_is_not_on_the_list_is_refused(who):
    fault = only(refused(approval=replace(APPROVAL, approver=who)))
    assert "must be on the region's list (Ada, ben@example.org)" in fault


def test_with_an_empty_list_nobody_may_approve():
    nobody = replace(READY, policy=replace(POLICY, approvers=()))
    assert "on the region's list (nobody)" in only(refused(nobody))


@pytest.mark.parametrize("who", ["ADA", " ada ", "Ada"])
def test_capitals_and_spaces_make_no_other_person(who):
    assert release_or_refusal(READY, replace(APPROVAL, approver=who), EMPTY, NOW).approver == "Ada"
    assert "must be two people" in only(refused(replace(READY, requester="aDa "), replace(APPROVAL, approver=who)))


def test_four_eyes_need_somebody_else_than_who_asked_or_somebody_known():
    own = replace(READY, requester="ada")
    assert "must be two people, but got ada for both" in only(refused(own))
    assert "whose requester is unknown" in only(refused(replace(READY, requester=None)))
    relaxed = replace(POLICY, four_eyes=False)
    for requester in ("ada", None):
        assert isinstance(
            release_or_refusal(replace(READY, requester=requester, policy=relaxed), APPROVAL, EMPTY, NOW), Release
        )


@pytest.mark.parametrize("said", ["", "  ", "\n"])
def test_without_a_name_or_a_reason_nothing_is_released(said):
    assert "must be said why" in only(refused(approval=replace(APPROVAL, reason=said)))
    assert any("must be said who decides" in fault for fault in refused(approval=replace(APPROVAL, approver=said)))


def test_a_name_longer_than_the_registry_keeps_is_refused():
    assert any("at most 200 characters" in fault for fault in refused(approval=replace(APPROVAL, approver="a" * 201)))


@pytest.mark.parametrize("kind", ["reject", "inconclusive"])
def test_a_verdict_that_is_no_promotion_needs_an_override_and_is_marked(kind):
    made = record(kind)
    case, approval, now = candidate_of(made), approval_of(made), judged_at(made)
    fault = only(refused(case, approval, now=now))
    assert f"a verdict must be promote, but got {kind}" in fault
    release = release_or_refusal(case, replace(approval, override=True), EMPTY, now)
    assert release.override is True
    assert json.loads(release.published)["override"] is True


def test_an_override_lifts_no_other_rule():
    made = record("reject")
    case = replace(candidate_of(made), requester="mallory", configured=CANDIDATE)
    faults = refused(
        case, approval_of(made, approver="mallory", override=True, reason=""), now=judged_at(made) + timedelta(days=30)
    )
    for rule in ("within 7 days", "judged against", "region's list", "two people", "said why", "must change"):
        assert any(rule in fault for fault in faults), rule


@pytest.mark.parametrize("override", [False, True])
def test_an_invalid_verdict_is_never_released(override):
    made = record("invalid")
    fault = only(refused(candidate_of(made), approval_of(made, override=override), now=judged_at(made)))
    assert "not even by an override" in fault


def test_an_unknown_kind_of_verdict_is_never_released():
    made = changed(RECORD, "judgement.verdict.kind", "Promote")
    assert "every field must be one that tunegate writes" in only(refused(candidate_of(made), approval_of(made, override=True)))


def test_a_candidate_with_a_truth_value_for_a_number_is_unreadable():
    made = changed(RECORD, "evidence.candidate.gamma", value=True)
    assert "every field must be one that tunegate writes" in only(refused(candidate_of(made), approval_of(made)))


def test_a_promotion_is_not_marked_by_an_override_that_was_not_needed():
    assert "an override must be needed" in only(refused(approval=replace(APPROVAL, override=True)))


@pytest.mark.parametrize("outcome", list(DecisionOutcome))
def test_a_verdict_that_was_decided_stays_decided(outcome):
    decision = Decision("toy", RECORD.id, outcome, "ben", datetime(2026, 6, 1, tzinfo=UTC), "no")
    assert f"decided once, but got {outcome} by ben" in only(refused(registry=RegistryState(None, decision)))


class TestRollback:
    SECOND = rollout(FIRST)
    THIRD = rollout(SECOND, Parameters({"gamma": 0.5, "max_wait_s": 60}))
    HISTORY = (FIRST, SECOND, THIRD)

    def back(self, history=HISTORY, to=None, approver="ben", reason="taxis circle"):
        return rollback_release(history, to, approver, reason, NOW)

    def test_it_restores_the_version_before_byte_for_byte_as_a_version_of_its_own(self):
        back = self.back()
        assert (back.version, back.previous, back.restores, back.kind, back.content) == (4, 3, 2, "rollback", 2)
        assert (back.published, back.parameters) == (self.SECOND.published, self.SECOND.parameters)
        assert (back.approver, back.reason, back.verdict) == ("ben", "taxis circle", None)

    def test_going_back_twice_goes_back_two_versions_and_then_there_is_none(self):
        once = self.back()
        twice = self.back((*self.HISTORY, once))
        assert (twice.version, twice.restores, twice.published) == (5, 1, FIRST.published)
        refusal = self.back((*self.HISTORY, once, twice))
        assert "none before version 1" in str(refusal.faults[0])

    def test_a_rollout_after_a_rollback_goes_back_to_what_the_rollback_restored(self):
        once = self.back()
        fifth = rollout(once, Parameters({"gamma": 0.7, "max_wait_s": 60}))
        assert self.back((*self.HISTORY, once, fifth)).restores == 2

    def test_a_version_may_be_named_and_a_rollback_stands_for_what_it_restored(self):
        assert self.back(to=1).restores == 1
        history = (*self.HISTORY, self.back(), rollout(self.back()))
        assert self.back(history, to=4).restores == 2

    @pytest.mark.parametrize("to", [0, -1, 4])
    def test_a_version_that_never_was_is_refused(self, to):
        assert f"version {to} of 1 to 3" in str(self.back(to=to).faults[0])

    def test_what_runs_now_is_no_rollback(self):
        assert "must change what production runs" in str(self.back(to=3).faults[0])
        history = (*self.HISTORY, self.back())
        assert "must change what production runs" in str(self.back(history, to=2).faults[0])

    def test_it_must_be_said_who_and_why(self):
        assert ["who decides" in str(fault) or "why" in str(fault) for fault in self.back(approver=" ", reason="").faults] == [
            True,
            True,
        ]

    def test_parameters_that_came_in_by_an_override_stay_marked(self):
        overridden = replace(self.SECOND, override=True)
        assert self.back((FIRST, overridden, self.THIRD)).override is True


BLOCKED = Blocked(("loops: 1.00 to 9.00 per hour, at most 3 more than production allowed",))


def test_blocked_routes_need_an_override_though_the_verdict_is_promote():
    case = replace(READY, routes=stored_routes(BLOCKED))
    said = only(refused(case))
    assert "must keep their limits, but got loops: 1.00 to 9.00 per hour" in said
    assert "override explicitly with a reason" in said
    release = release_or_refusal(case, replace(APPROVAL, override=True), EMPTY, NOW)
    assert release.override is True


def test_blocked_routes_block_even_where_no_check_is_demanded():
    assert len(refused(replace(READY, routes=stored_routes(BLOCKED, required=False)))) == 1


def test_a_bad_verdict_and_blocked_routes_are_both_named_and_lifted_by_one_override():
    rejected = record("reject")
    blocked = stored_routes(BLOCKED, rejected)
    case, approval = candidate_of(rejected, routes=blocked), approval_of(rejected)
    assert len(refused(case, approval)) == 2
    assert release_or_refusal(case, replace(approval, override=True), EMPTY, NOW).override is True


@pytest.mark.parametrize("override", [False, True])
def test_routes_that_must_be_checked_and_were_not_have_no_way_in(override: bool):
    approval = approval_of(record("reject"), override=True) if override else APPROVAL
    made = record("reject") if override else RECORD
    for result, words in (
        (None, "a verdict without a route check"),
        (NotChecked("no"), "not checked: no"),
    ):
        routes = stored_routes(result, made)
        assert words in only(refused(candidate_of(made, routes=routes), approval))
        refusal = find_ineligibility(candidate_of(made, routes=routes), "toy", made.id, EMPTY, NOW)
        assert refusal is not None, "nobody is asked in vain"


def test_routes_that_need_no_check_or_passed_it_release_as_before():
    passed = stored_routes(Passed())
    unchecked = stored_routes(NotChecked("not offered"), required=False)
    for routes in (passed, unchecked, stored_routes(None, required=False)):
        assert isinstance(release_or_refusal(replace(READY, routes=routes), APPROVAL, EMPTY, NOW), Release)
    assert "an override must be needed" in only(refused(replace(READY, routes=passed), replace(APPROVAL, override=True)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": "sha256:" + "0" * 64}, "of the verdict's own parameters"),
        ({"parameter_digests": {"production": "x", "candidate": "y"}}, "of the verdict's own parameters"),
        ({"format": 2}, "`format == 1` must hold, but got 2"),
    ],
)
def test_the_route_check_of_another_verdict_counts_for_nothing(changes: dict[str, object], words: str):
    assert words in only(refused(replace(READY, routes=stored_routes(Passed(), **changes))))
