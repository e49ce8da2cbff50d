"""A verdict that waits for an approver: the request, the question beside the run, and what the answer leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import assert_never

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.runtime import deployment

from orchestration.approval_form import ApprovalForm, Reply
from orchestration.idempotency import record_once
from orchestration.installation_context import current_installation
from orchestration.task_options import EFFECT, artifact_key
from tunegate.application import releases
from tunegate.application.releases import AskApprover, Closed, Decline, ReleaseRequest
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Approval
from tunegate.domain.signed_statements import SignedStatement
from tunegate.report.messages.approval import ApprovalQuestion, approval_markdown


@task(**EFFECT)
async def open_request(region: str, verdict: str, requested_by: str | None) -> ReleaseRequest:
    """The request to release the candidate of a verdict (its digest, or at least six digits of it).

    Raises BadInput when there is no such verdict or the run could not wait, RecordConflict when the record was changed.
    """
    if deployment.id is None:
        rule, remedy = "a rollout must run from its deployment, so that it can wait", "`tunegate approve` works without one."
        raise BadInput(Fault(rule, "a run without one", "rollout", remedy))
    return await asyncio.to_thread(releases.open_request, current_installation(), region, verdict, requested_by)


@task(**EFFECT)
async def show_question(question: ApprovalQuestion, faults: Sequence[Fault]) -> None:
    """Put what an approver needs beside the run."""
    about = f"Approval of {question.campaign}"
    key = f"approval-{artifact_key(question.campaign)}"
    await acreate_markdown_artifact(approval_markdown(question, faults), key=key, description=about)


@task(**EFFECT)
async def settle(request: ReleaseRequest, reply: Reply | None) -> AskApprover | Closed:
    """Do what was answered, if everything still holds, or say that an approver is to be asked (again).

    Safe to repeat: a release that a killed process began is completed. Raises PublishingFailed when the registry has the
    release and production could not be given it; the same run tried again then publishes it.
    """
    repeated = reply is not None and not (await record_once(f"settling-{reply.number}", True))[1]
    answer, faults = _answer(request, reply)
    installation = current_installation()
    return await asyncio.to_thread(releases.settle_request, installation, request, answer, faults, repeated=repeated)


def _answer(request: ReleaseRequest, reply: Reply | None) -> tuple[Approval | Decline | None, Sequence[Fault]]:
    """What was answered, or why it is no answer."""
    if reply is None or reply.form is None:
        return None, () if reply is None else reply.faults
    try:
        return _meant(request, reply.form), ()
    except ValueError as error:
        remedy = f"Paste the whole line that `tunegate sign {request.verdict.removeprefix('sha256:')[:12]}` prints."
        return None, (Fault("a signature must be what `tunegate sign` prints", str(error), "signature", remedy),)


def _meant(request: ReleaseRequest, form: ApprovalForm) -> Approval | Decline:
    match form.decision:
        case "approve":
            signed = SignedStatement.from_line(form.signature) if form.signature.strip() else None
            return Approval(request.region, request.verdict, form.approver, form.reason, form.override, signed)
        case "decline":
            return Decline(form.approver, form.reason)
        case _:
            assert_never(form.decision)
