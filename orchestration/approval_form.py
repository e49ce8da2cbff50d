"""The form in which a person answers, and how a run waits for it.

A run that waits is suspended: no process is there. Whoever resumes it fills in the form, and a new process runs the flow from
its top. Each wait has a key of its own, so that an answer that could not be taken is never taken for the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, NoReturn
from uuid import UUID

from prefect import asuspend_flow_run, get_client
from prefect.client.schemas.objects import FlowRunInput
from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import ConfigDict, Field, ValidationError

from tunegate import wiring
from tunegate.domain.errors import Fault
from tunegate.release.rules import LONGEST_NAME
from tunegate.report.messages.approval import ApprovalQuestion, approval_markdown

LONGEST_REASON = 10_000
MOST_ANSWERS = 200
# The wait must outlast the verdict: a run whose own time is up fails without a word, and one that is woken then says so.
GRACE = timedelta(days=2)

_ASKED = "suspended-approval-"


class ApprovalForm(RunInput):
    """What a person answers. Every field but the override must be filled in; the server refuses a form that does not fit."""

    model_config = ConfigDict(extra="forbid", strict=True)

    decision: Literal["approve", "decline"] = Field(
        title="Decision", description="approve: the candidate goes into production now; decline: its verdict is closed"
    )
    approver: str = Field(
        title="Your name",
        min_length=1,
        max_length=LONGEST_NAME,
        description="as the region's list of approvers writes it; the registry keeps it for ever",
    )
    reason: str = Field(
        title="Reason", min_length=1, max_length=LONGEST_REASON, description="why; the registry keeps it for ever"
    )
    override: bool = Field(
        default=False,
        title="Override the gate",
        description="let in a candidate whose verdict is not promote or whose routes block; the release is marked so for ever",
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the newest question of this run: a form, or why what came is none."""

    number: int
    form: ApprovalForm | None
    faults: tuple[Fault, ...] = ()


async def newest_reply() -> Reply | None:
    """What was answered when this run asked last; None when it has not asked yet."""
    inputs = await _inputs()
    newest = _newest(inputs)
    if newest == 0:
        return None
    answer = inputs.get(f"{_ASKED}{newest}-response")
    return Reply(newest, None, (_nothing(),)) if answer is None else _read(newest, answer)


async def wait_for_answer(question: ApprovalQuestion, faults: Sequence[Fault]) -> NoReturn:
    """Suspend this run until a person answers; the process ends here, and the next one starts at the top of the flow."""
    number = 1 + _newest(await _inputs())
    left = question.expires_at + GRACE - wiring.clock().now()
    form = ApprovalForm.with_initial_data(description=approval_markdown(question, faults))
    await asuspend_flow_run(wait_for_input=form, key=f"approval-{number}", timeout=int(left.total_seconds()))
    raise RuntimeError("a run that was to wait for an answer went on without one")


async def _inputs() -> dict[str, FlowRunInput]:
    """Forms that this run has put up, and what came back, by their keys."""
    async with get_client() as client:
        own_id, most = UUID(flow_run.get_id()), 3 * MOST_ANSWERS
        found = await client.filter_flow_run_input(own_id, key_prefix=_ASKED, limit=most, exclude_keys=set())
    return {each.key: each for each in found}


def _newest(inputs: Mapping[str, FlowRunInput]) -> int:
    """The number of the last question, counted from 1; 0 before the first."""
    return max((int(key.removeprefix(_ASKED).partition("-")[0]) for key in inputs), default=0)


def _read(number: int, answer: FlowRunInput) -> Reply:
    try:
        return Reply(number, ApprovalForm.model_validate_json(answer.value))
    except ValidationError as error:
        return Reply(number, None, tuple(_misfit(each["loc"], each["msg"]) for each in error.errors()))


def _misfit(place: tuple[Any, ...], message: str) -> Fault:
    field = ".".join(str(part) for part in place) or "the form"
    return Fault("an answer must fit the form", message, field, "Fill the form in again.")


def _nothing() -> Fault:
    return Fault("a run that asks must be resumed with an answer", "none", "the form", "Fill the form in.")
