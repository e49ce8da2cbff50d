"""Whether a candidate may be released: pure rules that report every fault at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Approval, Decision, Release, ReleaseKind
from tunegate.domain.verdicts import Inconclusive, Invalid, Promote, Reject, Verdict
from tunegate.gate.verdict_document import UnreadableRecord, VerdictDocument, read_verdict
from tunegate.release.experiments import MONITOR, experiment_release, running_experiment_faults
from tunegate.release.people import ReleasePolicy, same_person
from tunegate.release.published import with_published_document
from tunegate.release.rollout_plan import IMMEDIATE, RolloutPlan, Switchback, plan_digest
from tunegate.release.routes import NO_ROUTE_CHECK, StoredRouteCheck, blocking_reasons, missing_faults
from tunegate.release.signatures import SignedPlans, fallback_of, plan_faults, signature_faults, time_faults, with_approval

_AGAIN = "Tune again: `tunegate retune` judges a candidate against what runs now."
_FIRST = 1
LONGEST_NAME = 200


@dataclass(frozen=True)
class ReleaseCandidate:
    """A stored verdict record with everything else that decides about its release.

    `stored_at` is when the record was written, `requester` who started the campaign (None if unknown), `configured` the
    production parameters of the region's configuration, `whole_numbers` the parameters that the recommender takes as integers,
    `routes` the route check that belongs to the record, and `rollout_plan` how the candidate comes to the region.
    `evidence_faults` are where the record differs from the reviewed configuration and the stored day results; with any of them,
    nothing in it may be relied on. `campaign_plan` is the digest of what the campaign was to do.
    """

    record: Mapping[str, Any]
    stored_at: datetime
    requester: str | None
    policy: ReleasePolicy
    configured: Parameters
    whole_numbers: frozenset[str]
    routes: StoredRouteCheck = NO_ROUTE_CHECK
    rollout_plan: RolloutPlan = IMMEDIATE
    evidence_faults: tuple[Fault, ...] = ()
    campaign_plan: str | None = None

    @cached_property
    def document(self) -> VerdictDocument:
        """The record, parsed. Raises UnreadableRecord."""
        return read_verdict(self.record)

    @property
    def verdict(self) -> Verdict:
        """What the gate said of the candidate."""
        return self.document.judgement.verdict


@dataclass(frozen=True, slots=True)
class RegistryState:
    """The region's current version, and the decision about this verdict if there is one already."""

    current: Release | None
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class ReleaseRefusal:
    """Every rule that forbids the release.

    `expired`: the time for approving has passed. `lasting`: no other approver, reason or override could lift the refusal.
    `unreadable`: the record is not the one that was named, so nothing else in it was checked.
    """

    faults: tuple[Fault, ...]
    expired: bool = False
    lasting: bool = True
    unreadable: bool = False


def release_or_refusal(
    candidate: ReleaseCandidate, approval: Approval, registry: RegistryState, now: datetime
) -> Release | ReleaseRefusal:
    """The release that follows from the approval, or every reason why there is none. Writes nothing.

    Where the region has no release yet, the result follows version 1, which `initial_release` gives.
    """
    refusal = find_ineligibility(candidate, approval.region, approval.verdict, registry, now)
    faults = () if refusal is not None and refusal.unreadable else tuple(_approval_faults(candidate, approval))
    if refusal is not None:
        return replace(refusal, faults=(*refusal.faults, *faults))
    if faults:
        return ReleaseRefusal(faults, lasting=False)
    when = now if approval.signed is None else approval.signed.signed_at
    release = draft_release(candidate, approval, registry, when)
    place = f"verdict {approval.verdict}"
    if approval.signed is not None:
        release = with_approval(release, approval.signed)
        faults = (
            *time_faults(approval.signed, now, candidate.policy.expiry_days, place),
            *plan_faults(approval.signed, signed_plans(candidate, approval, registry, when), place),
        )
    faults = (*faults, *signature_faults(release, candidate.policy, place))
    return ReleaseRefusal(faults, lasting=False) if faults else release


def draft_release(candidate: ReleaseCandidate, approval: Approval, registry: RegistryState, when: datetime) -> Release:
    """The release that an approval at this moment leads to, unsigned, if no rule forbids it."""
    previous = _FIRST if registry.current is None else registry.current.version
    release = replace(
        _initial(candidate, approval, when),
        version=previous + 1,
        kind=ReleaseKind.ROLLOUT,
        parameters=_typed(candidate.document.evidence.candidate, candidate.whole_numbers),
        reason=approval.reason.strip(),
        verdict=approval.verdict,
        previous=previous,
        override=approval.override,
    )
    if isinstance(candidate.rollout_plan, Switchback):
        production = registry.current or initial_release(candidate, approval, when)
        return experiment_release(release, production, candidate.rollout_plan)
    return with_published_document(release)


def signed_plans(candidate: ReleaseCandidate, approval: Approval, registry: RegistryState, when: datetime) -> SignedPlans:
    """What an approver agrees to along with the document."""
    production = registry.current or initial_release(candidate, approval, when)
    plan = candidate.rollout_plan
    return SignedPlans(candidate.campaign_plan, plan_digest(plan), fallback_of(plan, production))


def find_ineligibility(
    candidate: ReleaseCandidate, region: str, verdict: str, registry: RegistryState, now: datetime
) -> ReleaseRefusal | None:
    """Why no approval whatever could release the candidate; None when it is worth asking an approver."""
    place = f"verdict {verdict}"
    unreadable = tuple(_record_faults(candidate, region, verdict, place))
    if unreadable:
        return ReleaseRefusal(unreadable, unreadable=True)
    late = tuple(_expiry_faults(candidate, now, place))
    # Preconditions of every release, whoever approves it. New ones belong here.
    faults = (
        *late,
        *_decision_faults(registry.decision, place),
        *running_experiment_faults(registry.current, place),
        *_candidate_faults(candidate, registry.current, place),
        *_validity_faults(candidate.verdict, place),
        *missing_faults(candidate.routes, verdict, candidate.document.parameter_digests, place),
    )
    return ReleaseRefusal(faults, expired=bool(late)) if faults else None


def initial_release(candidate: ReleaseCandidate, approval: Approval, now: datetime) -> Release:
    """Version 1 of a region: what ran before tunegate released anything, so that there is something to go back to."""
    return with_published_document(_initial(candidate, approval, now))


def _initial(candidate: ReleaseCandidate, approval: Approval, now: datetime) -> Release:
    campaign = candidate.document.evidence.campaign
    return Release(
        region=approval.region,
        version=_FIRST,
        kind=ReleaseKind.INITIAL,
        parameters=_typed(candidate.configured, candidate.whole_numbers),
        approver=_listed(approval.approver, candidate.policy.approvers) or approval.approver.strip(),
        when=now,
        reason=f"production before the first release, by the configuration of {campaign}",
        verdict=None,
        previous=None,
        restores=None,
        override=False,
        published="",
    )


def expires_at(candidate: ReleaseCandidate) -> datetime:
    """When the time for approving ends.

    The day of judgement is covered by the record's digest and `stored_at` is not. The clock therefore starts at the end of that
    day at the latest, so that forging `stored_at` gains nothing.
    """
    next_day = candidate.document.evidence.judged_on + timedelta(days=1)
    day_end = datetime.combine(next_day, time(), tzinfo=UTC)
    return min(candidate.stored_at, day_end) + timedelta(days=candidate.policy.expiry_days)


def _record_faults(candidate: ReleaseCandidate, region: str, verdict: str, place: str) -> Iterator[Fault]:
    """Why nothing in the record may be relied on."""
    digest = content_digest(candidate.record)
    if digest != verdict:
        rule = "an approval must name the digest of the record as it is"
        remedy = "The record was changed, or another one was meant: trust neither."
        yield Fault(rule, f"a record of digest {digest}", place, remedy)
        return
    try:
        judged_region = candidate.document.evidence.region
    except UnreadableRecord as error:
        yield from error.faults
        return
    if judged_region != region:
        rule = "an approval must be for the region of the verdict"
        yield Fault(rule, f"{region}, not {judged_region}", place, "Correct the region.")
    yield from candidate.evidence_faults


def _expiry_faults(candidate: ReleaseCandidate, now: datetime, place: str) -> Iterator[Fault]:
    end = expires_at(candidate)
    if now > end:
        rule = f"a verdict must be approved within {candidate.policy.expiry_days} days"
        yield Fault(rule, f"{now:%Y-%m-%d %H:%M} UTC, after {end:%Y-%m-%d %H:%M} UTC", place, _AGAIN)


def _decision_faults(decision: Decision | None, place: str) -> Iterator[Fault]:
    if decision is not None:
        found = f"{decision.outcome} by {decision.approver} at {decision.when:%Y-%m-%d %H:%M} UTC"
        yield Fault("a verdict must be decided once", found, place, _AGAIN)


def _candidate_faults(candidate: ReleaseCandidate, current: Release | None, place: str) -> Iterator[Fault]:
    digests, parameters = candidate.document.parameter_digests, candidate.document.evidence.candidate
    live = candidate.configured.digest if current is None else current.parameters.digest
    if digests.production != live:
        where = "the configuration" if current is None else f"version {current.version}"
        rule = "a candidate must have been judged against what production runs now"
        yield Fault(rule, f"{digests.production} judged against, {live} in {where}", place, _AGAIN)
    if digests.candidate == live:
        rule = "a release must change what production runs"
        yield Fault(rule, "the parameters that run now", place, "There is nothing to release.")
    odd = [name for name, value in parameters.items() if not math.isfinite(value)]
    odd += [name for name in candidate.whole_numbers if name not in odd and not float(parameters.get(name, 0)).is_integer()]
    if odd:
        found = ", ".join(f"{name} = {parameters[name]}" for name in sorted(odd))
        yield Fault("a released parameter must be a number its recommender takes", found, place, _AGAIN)


def _approval_faults(candidate: ReleaseCandidate, approval: Approval) -> Iterator[Fault]:
    """Faults that another approver, reason or override could lift."""
    place = f"verdict {approval.verdict}"
    yield from _person_faults(candidate, approval, place)
    yield from _override_faults(candidate.verdict, blocking_reasons(candidate.routes), approval, place)


def _person_faults(candidate: ReleaseCandidate, approval: Approval, place: str) -> Iterator[Fault]:
    policy, requester = candidate.policy, candidate.requester
    yield from identity_faults(approval.approver, approval.reason, place)
    if _listed(approval.approver, policy.approvers) is None:
        listed = ", ".join(policy.approvers) or "nobody"
        remedy = "Ask one of them; the list is `release.approvers` of the region's configuration when the campaign started."
        yield Fault(f"an approver must be on the region's list ({listed})", repr(approval.approver), place, remedy)
    if policy.four_eyes and (requester is None or same_person(requester, approval.approver)):
        found = "a campaign whose requester is unknown" if requester is None else f"{requester} for both"
        remedy = _AGAIN if requester is None else "Let another approver decide."
        yield Fault("approver and requester must be two people", found, place, remedy)


def _override_faults(verdict: Verdict, blocking: Sequence[str], approval: Approval, place: str) -> Iterator[Fault]:
    """Promote passes without an override unless routes block; Reject, Inconclusive and blocked routes need one."""
    if isinstance(verdict, Promote) and not blocking and approval.override:
        remedy = "Approve it without the override, which would mark the release permanently."
        yield Fault("an override must be needed", "a verdict that is promote", place, remedy)
    if approval.override:
        return
    if isinstance(verdict, Reject | Inconclusive):
        remedy = "Decline it, or override the gate explicitly with a reason; the release stays marked as overridden."
        yield Fault("a verdict must be promote", f"{verdict.KIND}: {verdict.reason}", place, remedy)
    if blocking:
        remedy = (
            "Look at the map, then decline it or override explicitly with a reason; the release stays marked as overridden."
        )
        yield Fault("the routes of a candidate must keep their limits", "; ".join(blocking), place, remedy)


def _validity_faults(verdict: Verdict, place: str) -> Iterator[Fault]:
    """An invalid verdict is never released, not even by an override: its numbers mean nothing."""
    if isinstance(verdict, Invalid):
        remedy = "Remove the cause and judge again; an invalid comparison cannot be approved, not even by an override."
        yield Fault("a verdict must be valid", f"invalid: {verdict.reason}", place, remedy)


def identity_faults(approver: str, reason: str, place: str) -> Iterator[Fault]:
    """Faults of a name or a reason that is missing or too long."""
    for what, given in (("who decides", approver), ("why", reason)):
        if not given.strip():
            yield Fault(f"it must be said {what}", repr(given), place, "The registry stores it permanently.")
    if len(approver) > LONGEST_NAME:
        rule = f"a name must have at most {LONGEST_NAME} characters"
        yield Fault(rule, f"{len(approver)} of them", place, "The reason has no such limit.")


def refuse_monitor_name(approver: str, place: str) -> None:
    """Raise BadInput where a person goes by the name under which the monitor decides."""
    if same_person(approver, MONITOR):
        rule, remedy = "a person must not go by the monitor's name", "Give your own."
        raise BadInput(Fault(rule, repr(approver), place, remedy))


def _listed(approver: str, approvers: Sequence[str]) -> str | None:
    """The approver as the region's list spells them."""
    return next((listed for listed in approvers if same_person(listed, approver)), None)


def _typed(values: Mapping[str, float], whole_numbers: frozenset[str]) -> Parameters:
    """The parameters with integers where the recommender takes integers: the record stores only floats."""
    return Parameters({name: int(value) if name in whole_numbers else float(value) for name, value in values.items()})
