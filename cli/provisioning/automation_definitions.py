"""The automations of an installation: mark lost runs as crashed, and notify people of crashed and failed runs.

A process that is killed reports nothing, and a machine that is taken away leaves its runs at RUNNING for ever. Runs send
heartbeats (PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30); a run that misses three is set to Crashed, and people are notified.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture

from tunegate.report.messages.notices import RunCrashed, slack_text

SILENCE = timedelta(seconds=90)
_HEARTBEAT = "prefect.flow-run.heartbeat"
# The names of all states in which a run sends no heartbeat: Prefect's terminal states, ours, and those in which it waits.
_ENDS = ("Completed", "Failed", "TimedOut", "Cancelled", "Crashed")
_ENDS_OF_OURS = ("Skipped", "Approved", "Declined", "Expired", "Refused", "RolledBack")
_WAITS = ("Suspended", "Paused", "Resuming", "AwaitingRetry", "Scheduled", "Late", "Pending", "Cancelling")
# Not `rollout`: a heartbeat that reaches the server after the state Suspended would end the wait for an answer. On a busy
# machine ten runs that had ended were taken for lost that way; the server refuses to crash those, but not suspended ones. A
# rollout runs for seconds, and its verdict expires in time even when the run is lost.
_MAY_BE_LOST = ("retune", "tune", "confirm", "gate", "routes", "worker", "simulate", "rollback")
# A campaign replaces lost search workers and simulations; nothing replaces these.
_WATCHED = ("retune", "rollout", "rollback")
# `retune` notifies people of its own failure; these flows do not.
_SILENT_WHEN_FAILED = ("rollout", "rollback")
# Placeholders without meaning in Slack's markup, and the expressions that replace them on the server.
_FIELDS = {
    "RUNNAME": "flow_run.name",
    "STATENAME": "flow_run.state.name",
    "STATEMESSAGE": "(flow_run.state.message or 'nothing more is known')",
    "https://RUNPAGE": "flow_run|ui_url",
}
_ESCAPED = "|replace('&', '&amp;')|replace('<', '&lt;')|replace('>', '&gt;')"


def wanted_automations(slack_block_id: UUID | None) -> list[Automation]:
    """Every automation of an installation; without a Slack block only those that notify nobody.

    `slack_block_id` is the id of a `prefect_slack.SlackWebhook`; the server needs that package too.
    """
    lost = _lost_runs()
    if slack_block_id is None:
        return [lost]
    crashed = _notice("tunegate: a run crashed", ("Crashed",), _WATCHED, slack_block_id)
    failed = _notice("tunegate: a release run failed", ("Failed", "TimedOut", "Refused"), _SILENT_WHEN_FAILED, slack_block_id)
    return [lost, crashed, failed]


def _lost_runs() -> Automation:
    return Automation(
        name="tunegate: runs without a sign of life have crashed",
        description="A run that gave a heartbeat and then none for 90 s has lost its process or its machine.",
        trigger=EventTrigger(
            after={_HEARTBEAT},
            expect={_HEARTBEAT, *(f"prefect.flow-run.{state}" for state in (*_ENDS, *_ENDS_OF_OURS, *_WAITS))},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "flow", "prefect.resource.name": list(_MAY_BE_LOST)},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message=f"No sign of life for {SILENCE.seconds} s: its process or its machine is gone.",
            )
        ],
    )


def _notice(name: str, states: Sequence[str], flows: Sequence[str], slack_block_id: UUID) -> Automation:
    headline, _, body = _template().partition("\n")
    return Automation(
        name=name,
        description=f"Tells people through Slack that a run of {', '.join(flows)} is {', '.join(states)}.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in states},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "flow", "prefect.resource.name": list(flows)},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[SendNotification(block_document_id=slack_block_id, subject=headline, body=body)],
    )


def _template() -> str:
    """The notice of a crash, with expressions for what only the server knows."""
    text = slack_text(RunCrashed("RUNNAME", "STATENAME", "STATEMESSAGE", "https://RUNPAGE"))
    for word, field in _FIELDS.items():
        filled_in = field if word.startswith("https") else f"{field}{_ESCAPED}"
        text = text.replace(word, "{{ " + filled_in + " }}")
    return text
