"""How a rollout ends: the state of its run, and the notice to people."""

from __future__ import annotations

from typing import assert_never

from prefect import State
from prefect.states import Cancelled, Completed, Failed

from orchestration.current_run import run_url
from orchestration.notifications import send
from tunegate.application.releases import Approved, AskApprover, Closed, Declined, Expired, Refused, ReleaseRequest, listed
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.report import formats
from tunegate.report.messages import notices
from tunegate.report.messages.notices import ApprovalWanted, Notice
from tunegate.report.messages.release_notices import release_notice


def closing_state(outcome: Closed) -> State[None]:
    """How the run ends: Approved and Declined are completed, Expired is cancelled, Refused has failed."""
    match outcome:
        case Approved(release=release):
            does = "tries" if release.kind is ReleaseKind.EXPERIMENT else "runs"
            words = f"{release.region} {does} version {release.version}, approved by {release.approver}: {release.reason}"
            return Completed(name="Approved", message=words)
        case Declined(decision=decision):
            return Completed(name="Declined", message=f"declined by {decision.approver}: {decision.reason}")
        case Expired(expired_at=expired_at):
            return Cancelled(name="Expired", message=f"not approved until {formats.moment(expired_at)}")
        case Refused(reason=reason):
            return Failed(name="Refused", message=f"{reason}\nNothing was released.")
        case _:
            assert_never(outcome)


def restored_state(release: Release) -> State[None]:
    """The final state of a rollback run."""
    words = f"{release.region} runs version {release.version}, which restores version {release.content}"
    return Completed(name="RolledBack", message=words)


async def notify_outcome(request: ReleaseRequest, outcome: AskApprover | Closed) -> None:
    """Notify people, unless the run was refused: its state says so."""
    notice = _notice(request, outcome)
    if notice is not None:
        await send(notice)


async def notify_restored(release: Release) -> None:
    """Notify people of a rollback."""
    who, url = (release.approver, release.reason), run_url()
    await send(notices.RolledBack(release.region, release.version, release.content, *who, url))


def _notice(request: ReleaseRequest, outcome: AskApprover | Closed) -> Notice | None:
    url = run_url()
    match outcome:
        case AskApprover():
            return _wanted(outcome, url)
        case Approved(release=release):
            return release_notice(release, request.verdict, url)
        case Declined(decision=decision):
            return notices.Declined(decision.region, request.verdict, decision.approver, decision.reason, run_url=url)
        case Expired(expired_at=expired_at):
            return notices.Expired(request.region, request.verdict, expired_at, run_url=url)
        case Refused():
            return None
        case _:
            assert_never(outcome)


def _wanted(ask: AskApprover, url: str | None) -> ApprovalWanted:
    question = ask.question
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
        trouble=listed(ask.faults) or None,
    )
