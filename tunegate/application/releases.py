"""From a verdict to production: what an approver is asked, and what follows from the answer.

Everything is checked before anybody is asked, and once more when the answer is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from tunegate.application.campaigns import find_campaign
from tunegate.application.reports import stored_page
from tunegate.application.reviewed_verdicts import review_verdict
from tunegate.application.signing import reviewed_policy, signed_at_home, signed_release, with_home_key
from tunegate.application.verdict_lookup import find_verdict
from tunegate.config.region import NOBODY
from tunegate.domain.canonical import content_digest
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Approval, Decision, DecisionOutcome, Release
from tunegate.experiment.score_card import slope_of, slope_words
from tunegate.installation import Installation
from tunegate.ports.records import VerdictRow
from tunegate.release.people import same_person
from tunegate.release.rollout_plan import IMMEDIATE
from tunegate.release.routes import StoredRouteCheck
from tunegate.release.rules import ReleaseCandidate, ReleaseRefusal, expires_at, identity_faults
from tunegate.release.service import ReleaseLost, ReleaseService
from tunegate.report.messages.approval import ApprovalQuestion
from tunegate.report.page.index import page_name, route_map_name


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A verdict whose candidate is to be released in `region`; `requested_by` is who asks for that, where it is known."""

    region: str
    verdict: str
    campaign: str
    candidate: ReleaseCandidate
    requested_by: str | None

    @property
    def expires_at(self) -> datetime:
        """When the time for approving ends."""
        return expires_at(self.candidate)


@dataclass(frozen=True, slots=True)
class Decline:
    """An approver's answer that closes a verdict without a release."""

    approver: str
    reason: str


@dataclass(frozen=True, slots=True)
class AskApprover:
    """An approver is to be asked; `faults` are why the answer before could not be taken."""

    question: ApprovalQuestion
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Approved:
    """The candidate is in production."""

    release: Release


@dataclass(frozen=True, slots=True)
class Declined:
    """An approver declined."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Expired:
    """The time for approving has passed, and the verdict is closed."""

    expired_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """No answer can release the candidate any more; production is as it was."""

    reason: str


Closed = Approved | Declined | Expired | Refused


def release_service(installation: Installation) -> ReleaseService:
    """The one way into production."""
    return ReleaseService(
        installation.registry,
        installation.publisher,
        installation.clock,
        lambda region: reviewed_policy(installation.workspace, region),
    )


def release_candidate(installation: Installation, verdict: VerdictRow) -> ReleaseCandidate:
    """A verdict record with what the reviewed configuration says of its release.

    Who may approve, what ran before the first release and whether routes are required come from there, never from the database.
    Raises BadInput when the campaign is not stored here.
    """
    plan, reviewed = installation.plan(verdict.campaign), review_verdict(installation, verdict)
    config, check = reviewed.config, installation.route_checks.find(verdict.id)
    required = config is None or (config.routes is not None and config.routes.required)
    return ReleaseCandidate(
        record=verdict.document,
        stored_at=verdict.at,
        requester=plan.requested_by,
        policy=NOBODY if config is None else with_home_key(config.release_policy, installation.workspace.root),
        routes=StoredRouteCheck(required, None if check is None else check.document),
        configured=plan.production if config is None else config.production,
        whole_numbers=frozenset(spec.name for spec in plan.description.parameters if spec.type == "int"),
        rollout_plan=IMMEDIATE if config is None else config.rollout_plan,
        evidence_faults=reviewed.faults,
        campaign_plan=content_digest(find_campaign(installation, verdict.campaign).config),
    )


def open_request(installation: Installation, region: str, named: str, requested_by: str | None) -> ReleaseRequest:
    """The request to release the candidate of a verdict, named by its digest or at least six digits of it.

    Raises BadInput when there is no such verdict, RecordConflict when the record was changed.
    """
    row = find_verdict(installation, named)
    return ReleaseRequest(region, row.id, row.campaign, release_candidate(installation, row), requested_by)


def ask_approver(installation: Installation, request: ReleaseRequest, faults: Sequence[Fault] = ()) -> AskApprover:
    """The question for an approver, with what runs at this moment."""
    from tunegate.application.score_card import score_card  # noqa: PLC0415 - loads SciPy, which most runs do without

    candidate, reports = request.candidate, installation.reports
    current = installation.registry.current(request.region)
    scores = score_card(installation, (request.region,))
    question = ApprovalQuestion(
        region=request.region,
        verdict=request.verdict,
        campaign=request.campaign,
        document=candidate.document,
        running=candidate.configured if current is None else current.parameters,
        expires_at=request.expires_at,
        approvers=candidate.policy.approvers,
        four_eyes=candidate.policy.four_eyes,
        requester=candidate.requester,
        requested_by=request.requested_by,
        report=stored_page(reports, page_name(request.campaign)),
        routes=candidate.routes,
        route_map=stored_page(reports, route_map_name(request.campaign)),
        rollout_plan=candidate.rollout_plan,
        score_card=slope_words(slope_of(scores), len(scores)) if scores else None,
    )
    return AskApprover(question, tuple(faults))


def settle_request(
    installation: Installation,
    request: ReleaseRequest,
    answer: Approval | Decline | None,
    faults: Sequence[Fault] = (),
    *,
    repeated: bool = False,
) -> AskApprover | Closed:
    """Do what was answered, if everything still holds, or say that an approver is to be asked (again).

    Without an answer, `faults` say why what came was none. `repeated`: this answer was being settled before, by a process that
    died; what it has led to already is its outcome. Raises PublishingFailed when the registry has the release and production
    could not be given it; settling again then publishes it.
    """
    service = release_service(installation)
    if answer is not None and repeated and (done := _earlier_outcome(installation, service, request, answer)) is not None:
        return done
    if isinstance(answer, Approval):
        try:
            outcome = service.approve_or_refuse(request.candidate, signed_at_home(installation, request.candidate, answer))
        except ReleaseLost as error:
            return Refused(str(error))
        return Approved(outcome) if isinstance(outcome, Release) else _refused(installation, request, outcome)
    refusal = service.check_eligible(request.candidate, request.region, request.verdict)
    if refusal is not None:
        return _refused(installation, request, refusal)
    return ask_approver(installation, request, faults) if answer is None else _decline(installation, request, answer)


def restore_version(
    installation: Installation, region: str, to: int | None, asked: tuple[str, str], *, began_from: int | None
) -> Release:
    """Restore an earlier version; `asked` are approver and reason. Raises as `ReleaseService.rollback`.

    `began_from` is the version that ran when an interrupted attempt at this began, else None: an attempt that was interrupted
    after its release is not repeated.
    """
    service = release_service(installation)
    if began_from is not None:
        history = installation.registry.history(region)
        done = next((release for release in history if release.version == began_from + 1), None)
        if done is not None and done.restores is not None and (done.approver, done.reason) == tuple(map(str.strip, asked)):
            service.reconcile(region)
            return done
    return service.rollback(region, to, *asked, sign=partial(signed_release, installation, only_home=True))


def listed(faults: Sequence[Fault]) -> str:
    """Faults, one per line."""
    return "\n".join(str(fault) for fault in faults)


def _earlier_outcome(
    installation: Installation, service: ReleaseService, request: ReleaseRequest, answer: Approval | Decline
) -> Closed | None:
    if isinstance(answer, Approval):
        release = service.released(answer)
        return None if release is None else Approved(release)
    known = installation.registry.decision(request.verdict)
    if known is None or known.outcome is not DecisionOutcome.DECLINED or not same_person(known.approver, answer.approver):
        return None
    return Declined(known)


def _refused(installation: Installation, request: ReleaseRequest, refusal: ReleaseRefusal) -> AskApprover | Closed:
    if not refusal.lasting:
        return ask_approver(installation, request, refusal.faults)
    if refusal.expired:
        known = installation.registry.decision(request.verdict)
        if known is None:
            release_service(installation).expire(request.candidate, request.region, request.verdict)
        if known is None or known.outcome is DecisionOutcome.EXPIRED:
            return Expired(request.expires_at)
    return Refused(listed(refusal.faults))


def _decline(installation: Installation, request: ReleaseRequest, answer: Decline) -> AskApprover | Closed:
    faults = tuple(identity_faults(answer.approver, answer.reason, f"verdict {request.verdict}"))
    if faults:
        return ask_approver(installation, request, faults)
    service = release_service(installation)
    try:
        return Declined(service.decline(request.region, request.verdict, answer.approver, answer.reason))
    except BadInput as error:
        return Refused(listed(error.faults))
