"""What is shown to somebody who decides about production comes from the record, and nothing in it can dress itself up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.release.conftest import changed, record
from tunegate.domain.errors import Fault
from tunegate.experiment.schedule import SwitchbackPlan
from tunegate.gate.record import VerdictRecord
from tunegate.gate.verdict_document import read_verdict
from tunegate.release.rollout_plan import Switchback, plan_digest
from tunegate.report.messages.approval import ApprovalQuestion, approval_markdown

RUNNING = {"gamma": 0.95, "max_wait_s": 300.0}


def test_the_release_plan_is_shown_with_the_digest_that_the_approval_covers():
    design = SwitchbackPlan(days=14, window_min=120, washout_min=30, harm_limit_pct=-2.0, level=0.1, looks=(7, 14))
    plan = Switchback(design, "America/New_York", "USD", automatic_rollback=False)
    page = approval_markdown(replace(question(record()), rollout_plan=plan))
    assert plan_digest(plan) in page
    for words in ("14 days", "120 min", "30 min", "-2 %", "10 %", "day 7, 14", "America/New", "nothing is rolled back"):
        assert words in page
    assert "whole region runs the candidate from the approval on" in approval_markdown(question(record()))


def test_what_earlier_releases_brought_is_beside_the_verdict():
    assert "brought 0.7" in approval_markdown(replace(question(record()), score_card="The last 5 releases brought 0.7."))
    assert "brought" not in approval_markdown(question(record()))


def question(made: VerdictRecord) -> ApprovalQuestion:
    return ApprovalQuestion(
        region="toy",
        verdict=made.id,
        campaign="toy-1",
        document=read_verdict(made.document),
        running=RUNNING,
        expires_at=datetime(2026, 6, 8, 12, 0, tzinfo=UTC),
        approvers=("Ada", "ben@example.org"),
        four_eyes=True,
        requester="carl",
        requested_by=None,
        report="http://reports.example.org/toy-1.html",
    )


def test_a_promotion_shows_gains_with_intervals_changes_and_who_may_approve_until_when():
    shown = approval_markdown(question(record()))
    assert shown.startswith("## ✓ Promote: Toy\n")
    for words in (
        "90 % interval",
        "On held-out days, ml forecast | +1.83",
        "| gamma | 0.95 | 0.97 |",
        "| max\\_wait\\_s | 300 | 420 |",
        "Guardrails: 3 of 3 held.",
        "May approve: Ada, ben@example.org, but not carl, who began it.",
        "Until 8 Jun 2026, 12:00 UTC.",
        "[The report](http://reports.example.org/toy-1.html)",
        record().id,
    ):
        assert words in shown, words
    assert "override" not in shown


@pytest.mark.parametrize("kind", ["reject", "inconclusive"])
def test_what_is_no_promotion_asks_for_the_override(kind):
    shown = approval_markdown(question(record(kind)))
    assert kind in shown.lower()
    assert "needs the override, which marks the release permanently" in shown


def test_a_parameter_that_comes_or_goes_is_shown_as_nothing():
    shown = approval_markdown(replace(question(record()), running={"gamma": 0.97, "old": 1.0}))
    assert "| gamma |" not in shown
    assert "| max\\_wait\\_s | nothing | 420 |" in shown
    assert "| old | 1 | nothing |" in shown


def test_numbers_that_could_not_be_computed_are_words():
    shown = approval_markdown(question(changed(record(), "judgement.delta_statistics", None)))
    assert "statistical forecast | not computed | not computed |" in shown


def test_what_was_wrong_with_the_last_answer_comes_first():
    fault = Fault("an approver must be on the list", "'<b>mallory</b>'", "verdict x", "Ask [one](http://evil.example.org).")
    shown = approval_markdown(question(record()), [fault])
    assert shown.startswith("**The last answer could not be taken; nothing was released:**\n\n- verdict x")
    assert "<b>" not in shown.replace("\\<", "")
    assert "](http://evil" not in shown.replace("\\]", "")
