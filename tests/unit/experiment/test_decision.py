"""Decisions: only planned looks end an experiment; harm and broken guardrails roll back; what is not shown is not decided."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.synthetic.streets import after, street
from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Invalid
from tunegate.experiment.decision import Conclude, Continue, RollBack, decide, decision_kind, due_look, judge_look
from tunegate.gate.judgement import GuardrailStatus
from tunegate.gate.policy import GuardrailKind, GuardrailPolicy

WAIT = GuardrailPolicy("wait_mean_s", Direction.LOWER, 5.0, GuardrailKind.RELATIVE_PCT)


def test_a_large_loss_is_rolled_back_at_the_first_look_and_not_before() -> None:
    evidence = street(-20.0)
    before = judge_look(after(evidence, 2), 2)
    assert isinstance(before.decision, Continue)
    assert not before.planned
    assert "the looks are after days 3, 7, 14" in before.decision.reason
    look = judge_look(after(evidence, 3), 3)
    assert isinstance(look.decision, RollBack)
    assert "below the harm limit of -1 %" in look.decision.reason
    assert look.effect is not None
    assert look.effect.interval.high_pct < -1


def test_without_harm_it_goes_on_until_the_last_look_concludes() -> None:
    evidence = street(2.0)
    kinds = [decision_kind(judge_look(after(evidence, days), days).decision) for days in (1, 3, 7, 14)]
    assert kinds == ["continue", "continue", "continue", "conclude"]


def test_a_broken_guardrail_rolls_back_and_one_within_its_margin_does_not() -> None:
    broken = judge_look(replace(street(1.0, wait_change_s=30.0), guardrails=(WAIT,)), 14)
    assert isinstance(broken.decision, RollBack)
    assert "wait_mean_s changes by +1" in broken.decision.reason
    assert "margin of +5" in broken.decision.reason
    held = judge_look(replace(street(1.0), guardrails=(WAIT,)), 14)
    assert isinstance(held.decision, Conclude)
    assert held.guardrails[0].status is GuardrailStatus.HELD


@pytest.mark.parametrize(
    ("kind", "margin", "change"), [(GuardrailKind.POINTS, 12.0, 24.0), (GuardrailKind.FRACTION_POINTS, 1_200.0, 2_400.0)]
)
def test_guardrails_in_points_are_measured_in_the_metric_s_own_unit(kind: GuardrailKind, margin: float, change: float) -> None:
    guardrail = GuardrailPolicy("wait_mean_s", Direction.LOWER, margin, kind)
    outcome = judge_look(replace(street(1.0, wait_change_s=24.0), guardrails=(guardrail,)), 14).guardrails[0]
    assert outcome.status is GuardrailStatus.BROKEN
    assert outcome.estimate == pytest.approx(change, rel=0.2)


def test_a_metric_that_some_rows_lack_is_not_computed_and_breaks_nothing() -> None:
    evidence = street(1.0, wait_change_s=30.0)
    rows = (replace(evidence.observations[0], metrics={}), *evidence.observations[1:])
    look = judge_look(replace(evidence, observations=rows, guardrails=(WAIT,)), 14)
    assert look.guardrails[0].status is GuardrailStatus.NOT_COMPUTED
    assert isinstance(look.decision, Conclude)


def test_an_effect_that_cannot_be_computed_concludes_nothing() -> None:
    schedule = street().schedule
    assert isinstance(decide(schedule, 3, None, ()), Continue)
    assert isinstance(decide(schedule, 14, None, ()), Invalid)


def test_the_due_look_is_the_latest_planned_one_that_is_over_and_not_taken() -> None:
    schedule = street().schedule
    assert due_look(schedule, schedule.day_end(3) - timedelta(seconds=1), ()) is None
    assert due_look(schedule, schedule.day_end(3), ()) == 3
    assert due_look(schedule, schedule.day_end(3), {3}) is None
    assert due_look(schedule, schedule.day_end(9), {3}) == 7
    assert due_look(schedule, schedule.day_end(20), ()) == 14


@pytest.mark.parametrize("days", [0, 15])
def test_a_look_needs_days_of_the_experiment(days: int) -> None:
    with pytest.raises(ValueError, match="completed days"):
        judge_look(street(), days)


def test_a_look_at_days_that_are_not_over_is_refused() -> None:
    with pytest.raises(ValueError, match="completed days"):
        judge_look(after(street(), 3), 4)
