"""A candidate that is tried on the street first: what readers obey, what ends it, and what production runs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.synthetic.published import published_text
from tests.unit.release.conftest import approval_of, candidate_of, changed, next_record, record
from tunegate.domain.errors import BadInput
from tunegate.domain.parameters import Direction
from tunegate.domain.releases import ReleaseKind
from tunegate.experiment.schedule import SwitchbackPlan, draw_schedule
from tunegate.gate.policy import GuardrailKind, GuardrailPolicy
from tunegate.release.experiments import Experiment, experiment_of
from tunegate.release.rollout_plan import IMMEDIATE, Switchback, plan_digest, plan_document, switchback_of
from tunegate.release.service import ReleaseLost

DESIGN = SwitchbackPlan(days=4, window_min=120, washout_min=30, harm_limit_pct=-2.0, level=0.1, looks=(2, 4))
WAIT = GuardrailPolicy("wait_mean_s", Direction.LOWER, 5.0, GuardrailKind.RELATIVE_PCT)
PLAN = Switchback(DESIGN, "America/New_York", "USD", guardrails=(WAIT,))
READY = candidate_of(record(), rollout_plan=PLAN)
APPROVAL = approval_of(record())


@pytest.fixture
def begun(office) -> Experiment:
    return experiment_of(office.desk.approve(READY, APPROVAL))


def published(office) -> dict:
    return json.loads(published_text(office.publisher, "toy"))


def test_an_experiment_leaves_production_as_it_is_and_says_window_by_window_where_the_candidate_runs(office, begun):
    assert [each.kind for each in office.registry.history("toy")] == ["initial", "experiment"]
    assert dict(office.registry.current("toy").parameters) == {"gamma": 0.95, "max_wait_s": 300}
    document = published(office)
    assert (document["format"], document["version"], document["parameters"]) == (2, 1, {"gamma": 0.95, "max_wait_s": 300})
    tried = document["experiment"]
    assert tried["candidate"]["parameters"] == {"gamma": 0.97, "max_wait_s": 420}
    assert (tried["id"], tried["candidate"]["version"], tried["candidate"]["verdict"]) == ("toy-2", 2, record().id)
    assert len(tried["windows"]) == 4 * 12
    assert tried["plan_digest"] == plan_digest(PLAN)


def test_everything_outside_of_the_experiment_is_the_document_of_production(office, begun):
    document = published(office)
    before = json.loads(office.registry.history("toy")[0].published)
    assert {name: value for name, value in document.items() if name != "experiment"} == {**before, "format": 2}


def test_the_schedule_is_the_one_that_its_recorded_seed_draws_and_begins_on_the_next_local_day(office, begun):
    drawn = draw_schedule(DESIGN, start=begun.schedule.start, time_zone="America/New_York", seed=begun.schedule.seed)
    assert drawn == begun.schedule
    assert office.clock.now() < begun.schedule.start_utc <= office.clock.now() + timedelta(days=1, hours=1)
    assert published(office)["experiment"]["seed"] == drawn.seed < 2**53


def test_a_retry_of_the_approval_draws_nothing_again(office, begun):
    office.clock.wait(hours=30)
    assert office.desk.released(APPROVAL) == begun.release
    with pytest.raises(BadInput, match="decided once"):
        office.desk.approve(READY, APPROVAL)
    assert experiment_of(office.registry.current("toy")) == begun


def test_a_conclusion_gives_the_whole_region_the_candidate_under_the_verdict_that_was_approved(office, begun):
    release = office.desk.conclude(begun, "tunegate monitor", "no harm in 4 days")
    assert (release.kind, release.version, release.verdict) == (ReleaseKind.CONCLUSION, 3, record().id)
    document = published(office)
    assert (document["format"], document["version"], document["parameters"]) == (1, 3, {"gamma": 0.97, "max_wait_s": 420})
    assert office.registry.decision(record().id).outcome == "approved"


def test_an_end_restores_the_file_of_the_version_before_byte_for_byte(office):
    office.desk.approve(candidate_of(record()), APPROVAL)
    before = office.publisher.path("toy").read_bytes()
    following = next_record(1)
    begun = experiment_of(office.desk.approve(candidate_of(following, rollout_plan=PLAN), approval_of(following)))
    assert office.publisher.path("toy").read_bytes() != before
    release = office.desk.end_experiment(begun, "tunegate monitor", "harm")
    assert office.publisher.path("toy").read_bytes() == before
    assert (release.kind, release.restores, release.approver) == (ReleaseKind.ROLLBACK, 2, "tunegate monitor")


def test_a_person_may_roll_back_an_experiment_as_any_release(office, begun):
    assert office.desk.rollback("toy", None, "ben", "taxis circle").restores == 1
    assert published(office)["version"] == 1


def test_a_rollback_after_a_conclusion_skips_the_experiment(office, begun):
    first = office.registry.history("toy")[0]
    office.desk.conclude(begun, "ada", "good")
    assert office.desk.rollback("toy", None, "ben", "taxis circle").restores == 1
    assert published_text(office.publisher, "toy") == first.published
    with pytest.raises(BadInput, match="must name a version that the whole region ran, but got experiment 2"):
        office.desk.rollback("toy", 2, "ben", "once more")


@pytest.mark.parametrize("end", ["conclude", "end_experiment"])
def test_an_experiment_ends_once(office, begun, end):
    office.desk.rollback("toy", None, "ben", "taxis circle")
    left = published_text(office.publisher, "toy")
    with pytest.raises(ReleaseLost, match="rollback by ben"):
        getattr(office.desk, end)(begun, "tunegate monitor", "too late")
    assert published_text(office.publisher, "toy") == left
    assert len(office.registry.history("toy")) == 3


@pytest.mark.parametrize("plan", [PLAN, IMMEDIATE], ids=["switchback", "immediate"])
def test_a_second_candidate_is_refused_while_one_is_tried_and_the_reason_says_what_to_do(office, begun, plan):
    other = next_record(1)
    with pytest.raises(BadInput, match=r"experiment toy-2, whose schedule ends at .*tunegate experiment stop toy"):
        office.desk.approve(candidate_of(other, rollout_plan=plan), approval_of(other))
    assert len(office.registry.history("toy")) == 2


def test_another_candidate_may_follow_once_the_experiment_is_over(office, begun):
    office.desk.end_experiment(begun, "tunegate monitor", "harm")
    other = changed(record(), "code_version", "other")
    assert office.desk.approve(candidate_of(other), approval_of(other)).version == 4
    assert published(office)["parameters"] == {"gamma": 0.97, "max_wait_s": 420}


@pytest.mark.parametrize(("approver", "reason"), [("", "good"), ("ada", " ")])
def test_a_conclusion_needs_a_name_and_a_reason(office, begun, approver, reason):
    with pytest.raises(BadInput, match="it must be said"):
        office.desk.conclude(begun, approver, reason)
    assert office.registry.current("toy").version == 2


def test_plans_have_one_document_each_and_read_back_equal():
    assert switchback_of(json.loads(json.dumps(plan_document(PLAN)))) == PLAN
    assert plan_document(IMMEDIATE) == {"kind": "immediate"}
    others = [
        replace(PLAN, automatic_rollback=False),
        replace(PLAN, time_zone="UTC"),
        replace(PLAN, currency="JPY"),
        replace(PLAN, guardrails=()),
        *(replace(PLAN, design=replace(DESIGN, **{name: value})) for name, value in {"days": 5, "looks": (4,)}.items()),
        IMMEDIATE,
    ]
    assert len({plan_digest(plan) for plan in (PLAN, *others)}) == 1 + len(others)
    with pytest.raises(ValueError, match="must be a switchback"):
        switchback_of(plan_document(IMMEDIATE))
