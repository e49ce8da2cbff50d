"""Whether a candidate may be released, and what a rollback restores: pure rules that look at everything before they answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.errors import Fault
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Approval, Decision, Release, ReleaseKind
from tunegate.gate.record import RECORD_FORMAT
from tunegate.release.published import with_published_document
from tunegate.release.routes import NO_ROUTE_CHECK, StoredRouteCheck, blocking_reasons, missing_faults

_AGAIN = "Tune again: `tunegate retune` judges a candidate against what runs now."
_FIRST = 1
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ReleasePolicy:
    """Who may release in a region, and for how long after the verdict; with `four_eyes` not who asked for the campaign."""

    approvers: tuple[str, ...]
    four_eyes: bool
    expiry_days: int


@dataclass(frozen=True, slots=True)
class ReleaseCandidate:
    """A verdict record as it is kept, with all that is asked about it besides.

    `kept_at` is when the record was written, `requester` who began the campaign (None where nobody knows), `configured` the
    production parameters of the campaign's configuration, `whole_numbers` those that the recommender takes as integers.
    `routes` is the route check that belongs to the record.
    """

    document: Mapping[str, Any]
    kept_at: datetime
    requester: str | None
    policy: ReleasePolicy
    configured: Parameters
    whole_numbers: frozenset[str]
    routes: StoredRouteCheck = NO_ROUTE_CHECK


@dataclass(frozen=True, slots=True)
class RegistryState:
    """What the registry says: the region's current version, and whether this verdict was decided before."""

    current: Release | None
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class ReleaseRefusal:
    """Every rule that forbids the release.

    `expired` when the time for approving has passed; `lasting` when nothing that a person could answer differently lifts it;
    `unreadable` when the record is not what was asked about, so that nothing else in it was looked at.
    """

    faults: tuple[Fault, ...]
    expired: bool = False
    lasting: bool = True
    unreadable: bool = False


def release_or_refusal(
    case: ReleaseCandidate, approval: Approval, registry: RegistryState, now: datetime
) -> Release | ReleaseRefusal:
    """The release that follows from the approval, or every reason why there is none. Writes nothing.

    Where the region has no release yet, the result follows version 1, which `initial_release` gives.
    """
    standing = find_ineligibility(case, approval.region, approval.verdict, registry, now)
    answer = () if standing is not None and standing.unreadable else tuple(_answer_faults(case, approval))
    if standing is not None:
        return replace(standing, faults=(*standing.faults, *answer))
    if answer:
        return ReleaseRefusal(answer, lasting=False)
    previous = _FIRST if registry.current is None else registry.current.version
    return with_published_document(
        Release(
            region=approval.region,
            version=previous + 1,
            kind=ReleaseKind.ROLLOUT,
            parameters=_typed(case.document["evidence"]["candidate"], case.whole_numbers),
            approver=_listed(approval.approver, case.policy.approvers) or approval.approver.strip(),
            when=now,
            reason=approval.reason.strip(),
            verdict=approval.verdict,
            previous=previous,
            restores=None,
            override=approval.override,
            published="",
        )
    )


def find_ineligibility(
    case: ReleaseCandidate, region: str, verdict: str, registry: RegistryState, now: datetime
) -> ReleaseRefusal | None:
    """Why nobody needs to be asked about a verdict, for no answer could release its candidate; None when somebody can be."""
    place = f"verdict {verdict}"
    unreadable = tuple(_record_faults(case.document, region, verdict, place))
    if unreadable:
        return ReleaseRefusal(unreadable, unreadable=True)
    late = tuple(_expiry_faults(case, now, place))
    # What is known of the candidate, whoever approves: a new precondition of every release has its place here.
    faults = (
        *late,
        *_decision_faults(registry.decision, place),
        *_candidate_faults(case, registry.current, place),
        *_validity_faults(case.document["judgement"]["verdict"], place),
        *missing_faults(case.routes, verdict, case.document, place),
    )
    return ReleaseRefusal(faults, expired=bool(late)) if faults else None


def initial_release(case: ReleaseCandidate, approval: Approval, now: datetime) -> Release:
    """Version 1 of a region: what ran before tunegate released anything, so that there is something to go back to."""
    campaign = case.document["evidence"]["campaign"]
    return with_published_document(
        Release(
            region=approval.region,
            version=_FIRST,
            kind=ReleaseKind.INITIAL,
            parameters=_typed(case.configured, case.whole_numbers),
            approver=_listed(approval.approver, case.policy.approvers) or approval.approver.strip(),
            when=now,
            reason=f"production before the first release, by the configuration of {campaign}",
            verdict=None,
            previous=None,
            restores=None,
            override=False,
            published="",
        )
    )


def rollback_release(
    history: Sequence[Release], to: int | None, approver: str, reason: str, now: datetime
) -> Release | ReleaseRefusal:
    """The release that brings an earlier version back, its document byte for byte; by default the one that ran before.

    `history` is the region's, oldest first and not empty. Going back twice goes back two versions, not to the one just left.
    """
    current, versions = history[-1], {release.version: release for release in history}
    running = versions[current.content]
    target = versions.get(to if to is not None else running.previous or 0)
    place = f"registry of {current.region}"
    faults = list(identity_faults(approver, reason, place))
    if target is None:
        found = (
            f"none before version {running.version}" if to is None else f"version {to} of {min(versions)} to {current.version}"
        )
        remedy = f"`tunegate registry history {current.region}` shows what there is; name one with --to."
        faults.append(Fault("a rollback must name a version that was released", found, place, remedy))
    elif target.content == current.content:
        rule = "a rollback must change what production runs"
        faults.append(Fault(rule, f"version {target.content}, which runs now", place, "Name another version with --to."))
    if target is None or faults:
        return ReleaseRefusal(tuple(faults))
    restored = versions[target.content]
    return Release(
        region=current.region,
        version=current.version + 1,
        kind=ReleaseKind.ROLLBACK,
        parameters=restored.parameters,
        approver=approver.strip(),
        when=now,
        reason=reason.strip(),
        verdict=None,
        previous=current.version,
        restores=restored.version,
        override=restored.override,
        published=restored.published,
    )


def expires_at(case: ReleaseCandidate) -> datetime:
    """When the time for approving ends.

    The day of judgement is in the record under its digest and `kept_at` is not: the clock starts at the end of that day at the
    latest, so that moving `kept_at` gains nothing.
    """
    judged_on = date.fromisoformat(case.document["evidence"]["judged_on"])
    day_end = datetime(judged_on.year, judged_on.month, judged_on.day, tzinfo=UTC) + timedelta(days=1)
    return min(case.kept_at, day_end) + timedelta(days=case.policy.expiry_days)


def _record_faults(document: Mapping[str, Any], region: str, verdict: str, place: str) -> Iterator[Fault]:
    """Why the record must not even be read further."""
    digest = content_digest(document)
    if digest != verdict:
        rule = "an approval must name the digest of the record as it is"
        yield Fault(rule, f"a record of digest {digest}", place, "It was changed, or another was meant: trust neither.")
    elif document.get("format") != RECORD_FORMAT:
        rule = f"a verdict record must have format {RECORD_FORMAT}"
        yield Fault(rule, str(document.get("format")), place, "Approve it with the tunegate that wrote it, or tune again.")
    elif document["evidence"]["region"] != region:
        rule = "an approval must be for the region of the verdict"
        yield Fault(rule, f"{region}, not {document['evidence']['region']}", place, "Correct the region.")


def _expiry_faults(case: ReleaseCandidate, now: datetime, place: str) -> Iterator[Fault]:
    end = expires_at(case)
    if now > end:
        rule = f"a verdict must be approved within {case.policy.expiry_days} days"
        yield Fault(rule, f"{now:%Y-%m-%d %H:%M} UTC, after {end:%Y-%m-%d %H:%M} UTC", place, _AGAIN)


def _decision_faults(decision: Decision | None, place: str) -> Iterator[Fault]:
    if decision is not None:
        found = f"{decision.outcome} by {decision.approver} at {decision.when:%Y-%m-%d %H:%M} UTC"
        yield Fault("a verdict must be decided once", found, place, _AGAIN)


def _candidate_faults(case: ReleaseCandidate, current: Release | None, place: str) -> Iterator[Fault]:
    digests, candidate = case.document["parameter_digests"], case.document["evidence"]["candidate"]
    live = case.configured.digest if current is None else current.parameters.digest
    if digests["production"] != live:
        where = "the configuration" if current is None else f"version {current.version}"
        rule = "a candidate must have been judged against what production runs now"
        yield Fault(rule, f"{digests['production']} judged against, {live} in {where}", place, _AGAIN)
    if digests["candidate"] == live:
        yield Fault(
            "a release must change what production runs", "the parameters that run now", place, "Nothing is to be done."
        )
    odd = [name for name, value in candidate.items() if not _is_number(value)]
    odd += [name for name in case.whole_numbers if name not in odd and not float(candidate.get(name, 0)).is_integer()]
    if odd:
        found = ", ".join(f"{name} = {candidate[name]}" for name in sorted(odd))
        yield Fault("a released parameter must be a number its recommender takes", found, place, _AGAIN)


def _answer_faults(case: ReleaseCandidate, approval: Approval) -> Iterator[Fault]:
    """What another person, or the same one in other words, could say so that it holds."""
    place = f"verdict {approval.verdict}"
    yield from _person_faults(case, approval, place)
    yield from _override_faults(case.document["judgement"]["verdict"], blocking_reasons(case.routes), approval, place)


def _person_faults(case: ReleaseCandidate, approval: Approval, place: str) -> Iterator[Fault]:
    policy = case.policy
    yield from identity_faults(approval.approver, approval.reason, place)
    if _listed(approval.approver, policy.approvers) is None:
        listed = ", ".join(policy.approvers) or "nobody"
        remedy = (
            "Ask one of them; the list is `release.approvers` of the region's configuration, as the campaign began with it."
        )
        yield Fault(f"an approver must be on the region's list ({listed})", repr(approval.approver), place, remedy)
    if policy.four_eyes and (case.requester is None or same_person(case.requester, approval.approver)):
        found = "a campaign of which nobody knows who asked for it" if case.requester is None else f"{case.requester} for both"
        remedy = "Let another approver decide." if case.requester is not None else _AGAIN
        yield Fault("approver and requester must be two people", found, place, remedy)


def _override_faults(verdict: Mapping[str, Any], blocking: Sequence[str], approval: Approval, place: str) -> Iterator[Fault]:
    """Promote passes by itself where no route blocks; Reject, Inconclusive and blocked routes by an override."""
    kind = verdict["kind"]
    if kind == "promote" and not blocking and approval.override:
        remedy = "Approve it without the override, which would mark the release for ever."
        yield Fault("an override must be needed", "a verdict that is promote", place, remedy)
    if approval.override:
        return
    if kind in {"reject", "inconclusive"}:
        remedy = "Decline it, or override the gate explicitly with a reason; the release is marked so for ever."
        yield Fault("a verdict must be promote", f"{kind}: {verdict['reason']}", place, remedy)
    if blocking:
        remedy = "Look at the map, then decline it, or override explicitly with a reason; the release is marked so for ever."
        yield Fault("the routes of a candidate must keep their limits", "; ".join(blocking), place, remedy)


def _validity_faults(verdict: Mapping[str, Any], place: str) -> Iterator[Fault]:
    """Invalid passes never, not even by an override: its numbers must not be read at all."""
    if verdict["kind"] not in {"promote", "reject", "inconclusive"}:
        remedy = "Remove the cause and judge again; an invalid comparison cannot be approved, not even by an override."
        yield Fault("a verdict must be valid", f"{verdict['kind']}: {verdict['reason']}", place, remedy)


def identity_faults(approver: str, reason: str, place: str) -> Iterator[Fault]:
    """What is missing where somebody must say who they are and why."""
    for what, said in (("who decides", approver), ("why", reason)):
        if not said.strip():
            yield Fault(f"it must be said {what}", repr(said), place, "The registry keeps it for ever.")
    if len(approver) > LONGEST_NAME:
        rule = f"a name must have at most {LONGEST_NAME} characters"
        yield Fault(rule, f"{len(approver)} of them", place, "The reason has no such limit.")


def _listed(approver: str, approvers: Sequence[str]) -> str | None:
    """The approver as the list writes them."""
    return next((listed for listed in approvers if same_person(listed, approver)), None)


def same_person(one: str, other: str) -> bool:
    """Names of people and mail addresses differ in more than case: `Ada` must not be a second pair of eyes for `ada`."""
    return one.strip().casefold() == other.strip().casefold()


def _typed(values: Mapping[str, Any], whole_numbers: frozenset[str]) -> Parameters:
    """The record holds floats only; production reads an integer where its recommender takes one."""
    return Parameters({name: int(value) if name in whole_numbers else float(value) for name, value in values.items()})


def _is_number(value: object) -> bool:
    """The record writes NaN and infinity as texts."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
