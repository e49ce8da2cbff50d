"""The server's automations know every state our flows end in, and say nothing that Slack would take for a command."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID, uuid4

from prefect.events.actions import SendNotification

from cli.provisioning.automation_definitions import wanted_automations
from orchestration.release_outcomes import closing_state, restored_state
from tunegate.application.releases import Approved, Closed, Declined, Expired, Refused
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Decision, DecisionOutcome, Release, ReleaseKind

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
BACK = Release("toy", 3, ReleaseKind.ROLLBACK, Parameters({}), "ben", NOON, "why", None, 2, 1, False, "{}")
CLOSED: list[Closed] = [
    Approved(BACK),
    Declined(Decision("toy", "sha256:1", DecisionOutcome.DECLINED, "ben", NOON, "no")),
    Expired(NOON),
    Refused("somebody was first"),
]


def expected(name: str, block: UUID | None = None) -> set[str]:
    (found,) = [each for each in wanted_automations(block) if name in each.name]
    trigger: Any = found.trigger
    return {event.removeprefix("prefect.flow-run.") for event in trigger.expect}


def test_a_run_that_ended_in_words_of_ours_is_not_taken_for_lost():
    assert {type(each) for each in CLOSED} == set(get_args(Closed))
    ours = {closing_state(each).name for each in CLOSED} | {restored_state(BACK).name, "Skipped"}
    assert ours <= expected("sign of life")


def test_a_refused_rollout_is_told_and_one_that_was_declined_is_not():
    told = expected("failed", uuid4())
    assert {closing_state(each).name for each in CLOSED if closing_state(each).is_failed()} <= told
    assert "Declined" not in told


def test_a_run_that_waits_for_an_answer_is_never_taken_for_lost():
    (lost,) = wanted_automations(None)
    trigger: Any = lost.trigger
    assert "rollout" not in trigger.match_related.root["prefect.resource.name"]
    assert "retune" in trigger.match_related.root["prefect.resource.name"]


def test_without_a_slack_block_nobody_is_told_and_lost_runs_are_found_all_the_same():
    assert len(wanted_automations(None)) == 1
    assert len({each.name for each in wanted_automations(uuid4())}) == 3


def test_what_the_server_fills_in_can_neither_call_a_channel_nor_make_a_link():
    actions = [action for automation in wanted_automations(uuid4()) for action in automation.actions]
    notices = [action for action in actions if isinstance(action, SendNotification)]
    assert len(notices) == 2
    for notice in notices:
        fields = re.findall(r"{{(.*?)}}", f"{notice.subject}\n{notice.body}")
        assert len(fields) == 4
        assert all("|replace('<', '&lt;')" in field for field in fields if "ui_url" not in field)
