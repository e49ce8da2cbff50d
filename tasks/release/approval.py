"""A verdict that waits for a person: what is asked, and what follows from the answer.

Everything is checked before anybody is asked, and once more when the answer is there. Each outcome is a state of the run, an
entry in the registry and a notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from prefect import State, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.runtime import deployment
from prefect.states import Cancelled, Completed, Failed

from orchestration.approval_form import ApprovalForm, Reply
from orchestration.idempotency import first_time
from orchestration.notifications import tell, this_run_url
from orchestration.task_options import EFFECT
from tasks.campaign.report import report_address, route_map_address
from tasks.verdict.records import unknown_verdict
from tunegate import wiring
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Approval, Decision, DecisionOutcome, Release
from tunegate.ports.records import VerdictRow
from tunegate.release.rules import ReleaseCandidate, ReleaseRefusal, expires_at, identity_faults, same_person
from tunegate.release.service import ReleaseLost
from tunegate.report import formats
from tunegate.report.messages.approval import ApprovalQuestion, approval_markdown
from tunegate.report.messages.notices import ApprovalWanted, Declined, Expired, Notice, Released


@dataclass(frozen=True, slots=True)
class Ask:
    """A person is to be asked; `faults` are why the answer before could not be taken."""

    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class LetIn:
    """The candidate is in production."""

    release: Release


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """A person declined."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class TooLate:
    """The time for approving has passed, and the verdict is closed."""

    expired_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """No answer to this question can release the candidate any more; production is as it was."""

    reason: str


Closed = LetIn | TurnedDown | TooLate | Refused


@task(**EFFECT)
async def open_question(region: str, verdict: str, requested_by: str | None) -> ApprovalQuestion:
    """What is to be asked about a verdict (its digest, or at least six digits of it).

    Raises BadInput when there is no such verdict or the run could not wait, RecordConflict when the record was changed.
    """
    if deployment.id is None:
        rule, remedy = "a rollout must run from its deployment, so that it can wait", "`tunegate approve` works without one."
        raise BadInput(Fault(rule, "a run without one", "rollout", remedy))
    return await asyncio.to_thread(_question, region, verdict, requested_by)


def _question(region: str, verdict: str, requested_by: str | None) -> ApprovalQuestion:
    row, case = _case(verdict)
    current = wiring.stores().registry.current(row.region)
    return ApprovalQuestion(
        region=region,
        verdict=row.id,
        campaign=row.campaign,
        document=case.document,
        running=case.configured if current is None else current.parameters,
        expires_at=expires_at(case),
        approvers=case.policy.approvers,
        four_eyes=case.policy.four_eyes,
        requester=case.requester,
        requested_by=requested_by,
        report=report_address(row.campaign),
        routes=case.routes,
        route_map=route_map_address(row.campaign),
    )


def _case(verdict: str) -> tuple[VerdictRow, ReleaseCandidate]:
    row = wiring.stores().verdicts.find(verdict)
    if row is None:
        raise unknown_verdict(verdict)
    return row, wiring.release_candidate(row)


@task(**EFFECT)
async def show_question(question: ApprovalQuestion, faults: Sequence[Fault]) -> None:
    """Put what a person needs beside the run."""
    key = f"approval-{question.campaign.replace('_', '-')}"
    description = f"Approval of {question.campaign}"
    await acreate_markdown_artifact(approval_markdown(question, faults), key=key, description=description)


@task(**EFFECT)
async def settle(question: ApprovalQuestion, reply: Reply | None) -> Ask | Closed:
    """Do what was answered, if everything still holds, or say that a person is to be asked (again).

    Safe to repeat: a process that died on the way to production is taken up where it was. Raises PublishingFailed when the
    registry holds the release and production could not be given it; the same run tried again then publishes it.
    """
    again = reply is not None and not await first_time(f"settling-{reply.number}")
    return await asyncio.to_thread(_settle, question, None if reply is None else reply, again)


def _settle(question: ApprovalQuestion, reply: Reply | None, again: bool) -> Ask | Closed:
    form = None if reply is None else reply.form
    if form is not None and again and (done := _done_before(question, form)) is not None:
        return done
    desk, (_, case) = wiring.release_service(), _case(question.verdict)
    refusal = desk.check_eligible(case, question.region, question.verdict)
    if refusal is not None:
        return _closed_by(refusal, question, case)
    if reply is None or form is None:
        return Ask(() if reply is None else reply.faults)
    return _decline(question, form) if form.decision == "decline" else _approve(question, form, case)


def _done_before(question: ApprovalQuestion, form: ApprovalForm) -> Closed | None:
    """What this very answer has led to already, before the process that worked on it died."""
    if form.decision == "approve":
        release = wiring.release_service().released(_approval(question, form))
        return None if release is None else LetIn(release)
    known = wiring.stores().registry.decision(question.verdict)
    declined = known is not None and known.outcome is DecisionOutcome.DECLINED and same_person(known.approver, form.approver)
    return TurnedDown(known) if known is not None and declined else None


def _closed_by(refusal: ReleaseRefusal, question: ApprovalQuestion, case: ReleaseCandidate) -> Closed:
    known = wiring.stores().registry.decision(question.verdict)
    if refusal.expired and known is None:
        wiring.release_service().expire(case, question.region, question.verdict)
    if refusal.expired and (known is None or known.outcome is DecisionOutcome.EXPIRED):
        return TooLate(question.expires_at)
    return Refused(_listed(refusal.faults))


def _decline(question: ApprovalQuestion, form: ApprovalForm) -> Ask | Closed:
    faults = tuple(identity_faults(form.approver, form.reason, f"verdict {question.verdict}"))
    if faults:
        return Ask(faults)
    try:
        return TurnedDown(wiring.release_service().decline(question.region, question.verdict, form.approver, form.reason))
    except BadInput as error:
        return Refused(_listed(error.faults))


def _approve(question: ApprovalQuestion, form: ApprovalForm, case: ReleaseCandidate) -> Ask | Closed:
    desk, approval = wiring.release_service(), _approval(question, form)
    refusal = desk.check_approval(case, approval)
    if refusal is not None and not refusal.lasting:
        return Ask(refusal.faults)
    try:
        return LetIn(desk.approve(case, approval))
    except BadInput as error:
        return Refused(_listed(error.faults))
    except ReleaseLost as error:
        return Refused(str(error))


def _approval(question: ApprovalQuestion, form: ApprovalForm) -> Approval:
    return Approval(question.region, question.verdict, form.approver, form.reason, form.override)


def _listed(faults: Sequence[Fault]) -> str:
    return "\n".join(str(fault) for fault in faults)


def closing_state(outcome: Closed) -> State[None]:
    """How the run ends: Approved and Declined are completed, Expired is cancelled, Refused has failed."""
    match outcome:
        case LetIn(release=release):
            words = f"{release.region} runs version {release.version}, approved by {release.approver}: {release.reason}"
            return Completed(name="Approved", message=words)
        case TurnedDown(decision=decision):
            return Completed(name="Declined", message=f"declined by {decision.approver}: {decision.reason}")
        case TooLate(expired_at=expired_at):
            return Cancelled(name="Expired", message=f"nobody let it in until {formats.moment(expired_at)}")
        case Refused(reason=reason):
            return Failed(name="Refused", message=f"{reason}\nNothing was released.")
        case _:
            assert_never(outcome)


async def tell_outcome(question: ApprovalQuestion, outcome: Ask | Closed) -> None:
    """Tell people; not where the state of the run says it to the only one who asked."""
    notice = _notice(question, outcome)
    if notice is not None:
        await tell(notice)


def _notice(question: ApprovalQuestion, outcome: Ask | Closed) -> Notice | None:
    url = this_run_url()
    match outcome:
        case Ask(faults=faults):
            return _wanted(question, faults, url)
        case LetIn(release=release):
            said = (release.approver, release.reason, question.verdict, release.override)
            return Released(release.region, release.version, *said, run_url=url)
        case TurnedDown(decision=decision):
            return Declined(decision.region, question.verdict, decision.approver, decision.reason, run_url=url)
        case TooLate(expired_at=expired_at):
            return Expired(question.region, question.verdict, expired_at, run_url=url)
        case Refused():
            return None
        case _:
            assert_never(outcome)


def _wanted(question: ApprovalQuestion, faults: Sequence[Fault], url: str | None) -> ApprovalWanted:
    gain = question.document.judgement.delta_ml
    change = formats.change(None if gain is None else gain.estimate_pct)
    return ApprovalWanted(
        region=question.region,
        verdict=question.verdict,
        outcome=question.outcome.value,
        gain=f"fleet revenue on held-out days {change} ({formats.span(gain)})",
        approvers=question.approvers,
        expires_at=question.expires_at,
        report=question.report,
        run_url=url,
        trouble=_listed(faults) or None,
    )
