"""The form in which an approver answers, and how a run waits for it.

A run that waits is suspended and has no process. Resuming it requires the form to be filled in, and a new process runs the flow
from its top. Each wait has a key of its own, so that a rejected answer is never read as the answer to the next question.
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

from orchestration.installation_context import current_installation
from tunegate.domain.errors import Fault
from tunegate.release.rules import LONGEST_NAME
from tunegate.report.messages.approval import ApprovalQuestion, approval_markdown

LONGEST_REASON = 10_000
MOST_ANSWERS = 200
# The wait must outlast the verdict: a run whose wait times out fails without a message, one that is resumed says what expired.
GRACE = timedelta(days=2)

_ASKED = "suspended-approval-"


class ApprovalForm(RunInput):
    """An answer. Every field but the override is required; the server refuses a form that does not fit."""

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
        description="release a candidate whose verdict is not promote or whose routes block; the release stays marked",
    )
    signature: str = Field(
        default="",
        title="Signature",
        max_length=LONGEST_REASON,
        description="what `tunegate sign VERDICT` prints at your terminal, where the region lists a public key for you",
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the newest question of this run: a form, or the faults of an answer that is none."""

    number: int
    form: ApprovalForm | None
    faults: tuple[Fault, ...] = ()


async def newest_reply() -> Reply | None:
    """The answer to what this run asked last; None when it has not asked yet."""
    inputs = await _inputs()
    newest = _newest(inputs)
    if newest == 0:
        return None
    answer = inputs.get(f"{_ASKED}{newest}-response")
    return Reply(newest, None, (_missing(),)) if answer is None else _read(newest, answer)


async def wait_for_answer(question: ApprovalQuestion, faults: Sequence[Fault]) -> NoReturn:
    """Suspend this run until an approver answers; the process ends here, and the next one starts at the top of the flow."""
    number = 1 + _newest(await _inputs())
    left = question.expires_at + GRACE - current_installation().clock.now()
    form = ApprovalForm.with_initial_data(description=approval_markdown(question, faults))
    await asuspend_flow_run(wait_for_input=form, key=f"approval-{number}", timeout=int(left.total_seconds()))
    raise RuntimeError("a suspended run continued without an answer")


async def _inputs() -> dict[str, FlowRunInput]:
    """The forms that this run has shown and their answers, by key."""
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


def _missing() -> Fault:
    return Fault("a run that asks must be resumed with an answer", "none", "the form", "Fill the form in.")
