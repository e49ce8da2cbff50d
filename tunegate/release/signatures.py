"""Releases that a person signed: what is signed, where it is kept, and whether it holds.

The signature is part of the published document, and so of the registry. What is signed includes the digest of that document, so
public keys alone show that a person agreed to every byte of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.errors import Fault
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.domain.signed_statements import SignedStatement
from tunegate.release.people import ReleasePolicy, same_person
from tunegate.release.published import published_text
from tunegate.release.rollout_plan import Switchback
from tunegate.release.ssh_signature import BadSignature, InvalidKey, verify

STATEMENT_FORMAT = 1
PURPOSE = "tunegate release"
APPROVAL = "approval"
_CLOCKS_DIFFER = timedelta(minutes=5)
_SIGN = "Sign what `tunegate sign` shows, with the key that the reviewed file lists."


@dataclass(frozen=True, slots=True)
class SignedPlans:
    """What a rollout is agreed to along with its document: digests, None where there is none.

    `fallback` is of the document that the monitor of an experiment may put back without asking.
    """

    campaign: str | None = None
    rollout: str | None = None
    fallback: str | None = None


NO_PLANS = SignedPlans()


def document_digest(published: str) -> str:
    """SHA-256 of a published document without the approval in it."""
    return content_digest(_content(published))


def fallback_of(plan: object, production: Release) -> str | None:
    """The digest of what the monitor may put back under this plan; None where it may do nothing by itself."""
    return document_digest(production.published) if isinstance(plan, Switchback) and plan.automatic_rollback else None


def statement_of(release: Release, signed_at: datetime, plans: SignedPlans = NO_PLANS) -> dict[str, Any]:
    """What a person signs to make this release."""
    return {
        "format": STATEMENT_FORMAT,
        "purpose": PURPOSE,
        "action": release.kind.value,
        "region": release.region,
        "version": release.version,
        "previous": release.previous,
        "verdict": release.verdict,
        "restores": release.restores,
        "override": release.override,
        "document": document_digest(release.published),
        "campaign_plan": plans.campaign,
        "rollout_plan": plans.rollout,
        "fallback": plans.fallback,
        "approver": release.approver,
        "reason": release.reason,
        "signed_at": signed_at.astimezone(UTC).isoformat(timespec="microseconds"),
    }


def with_approval(release: Release, signed: SignedStatement) -> Release:
    """The release, whose published document carries this approval and no other."""
    return replace(release, published=published_text({**_content(release.published), APPROVAL: signed.as_document()}))


def approval_in(release: Release) -> SignedStatement | None:
    """The approval that a release carries; None where nobody signed. Raises ValueError for one that is none."""
    found = json.loads(release.published).get(APPROVAL)
    return None if found is None else SignedStatement.from_document(found)


def signature_faults(release: Release, policy: ReleasePolicy, place: str) -> Iterator[Fault]:
    """Why a release is not signed as its region asks for: by a person on the list, over this very release."""
    key = policy.key_of(release.approver)
    try:
        signed = approval_in(release)
    except ValueError as error:
        yield Fault("an approval must be a signed statement", str(error), place, _SIGN)
        return
    if signed is None:
        # What ran before the first release is nobody's approval; where signatures are required it is never published.
        if policy.signatures_required or (key is not None and release.kind is not ReleaseKind.INITIAL):
            yield Fault("a release must be signed by its approver", "no signature", place, _SIGN)
        return
    signer = signed.statement.get("approver")
    key = policy.key_of(signer) if isinstance(signer, str) else None
    if key is None:
        yield Fault("an approver must have a key in the reviewed file", repr(signer), place, "List it under release.approvers.")
        return
    try:
        verify(signed.signature, signed.message, key)
    except (BadSignature, InvalidKey) as error:
        yield Fault(f"a release must be signed with the key of {signer}", str(error), place, _SIGN)
        return
    if not (_is_of(signed.statement, release) or _is_fallback(signed.statement, release)):
        found = _difference(signed.statement, statement_of(release, signed.signed_at))
        yield Fault("a signature must be over the release that is made", found, place, "Look at it and sign anew.")


def time_faults(signed: SignedStatement, now: datetime, expiry_days: int, place: str) -> Iterator[Fault]:
    """Why a signature is too old, or of a time that has not come."""
    if not now - timedelta(days=expiry_days) <= signed.signed_at <= now + _CLOCKS_DIFFER:
        rule = f"a signature must be at most {expiry_days} days old, and not of the future"
        yield Fault(rule, f"{signed.signed_at:%Y-%m-%d %H:%M} UTC", place, "Sign anew; look at the clocks of both machines.")


def plan_faults(signed: SignedStatement, plans: SignedPlans, place: str) -> Iterator[Fault]:
    """Why a signature is of another campaign or another rollout than the one it is used for."""
    wanted = {"campaign_plan": plans.campaign, "rollout_plan": plans.rollout, "fallback": plans.fallback}
    if any(signed.statement.get(name) != digest for name, digest in wanted.items()):
        yield Fault("a signature must be over the plans as they are", _difference(signed.statement, wanted), place, _SIGN)


def document_faults(release: Release, place: str) -> Iterator[Fault]:
    """Where the document of a release says something else than the registry."""
    document = _content(release.published)
    wanted = {
        "region": release.region,
        "version": release.previous if release.kind is ReleaseKind.EXPERIMENT else release.content,
        "parameters_digest": release.parameters.digest,
    }
    if release.kind is ReleaseKind.EXPERIMENT:
        del wanted["version"]  # that of the version that production keeps, which may be a restored one
    if any(document.get(name) != value for name, value in wanted.items()):
        remedy = "It was changed after it was written: trust neither."
        yield Fault("a document must say what the registry says", _difference(document, wanted), place, remedy)


def _content(published: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(published)
    content.pop(APPROVAL, None)
    return content


def _is_of(statement: Mapping[str, Any], release: Release) -> bool:
    signed_at = datetime.fromisoformat(statement["signed_at"])
    plans = SignedPlans(statement.get("campaign_plan"), statement.get("rollout_plan"), statement.get("fallback"))
    wanted = statement_of(release, signed_at, plans)
    return all(statement.get(name) == value for name, value in wanted.items() if name != "approver") and same_person(
        statement["approver"], release.approver
    )


def _is_fallback(statement: Mapping[str, Any], release: Release) -> bool:
    """Whether the release ends the experiment of this statement by what was agreed to beforehand."""
    ended = (release.region, release.previous, ReleaseKind.EXPERIMENT.value, document_digest(release.published))
    found = (statement.get("region"), statement.get("version"), statement.get("action"), statement.get("fallback"))
    return release.kind is ReleaseKind.ROLLBACK and statement.get("purpose") == PURPOSE and ended == found


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    names = [name for name, value in wanted.items() if found.get(name) != value]
    return "; ".join(f"{name} is {found.get(name)!r}, not {wanted[name]!r}" for name in names) or "another purpose"
