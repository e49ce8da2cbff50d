"""The chain of a region's releases: versions, documents, decisions, verdicts, route checks and signatures. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tunegate.application.signing import reviewed_policy
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import DecisionOutcome, Release, ReleaseKind
from tunegate.gate.verdict_document import read_verdict
from tunegate.installation import Installation
from tunegate.ports.results import RecordConflict
from tunegate.release.people import ReleasePolicy, same_person
from tunegate.release.routes import StoredRouteCheck, missing_faults
from tunegate.release.signatures import approval_in, document_faults, signature_faults

_INSERTED = "It was written by something else than tunegate, or another row was taken away: trust no version from here on."


@dataclass(frozen=True, slots=True)
class CheckedRelease:
    """One version, in words who signed it, and everything about it that does not hold."""

    release: Release
    signature: str
    faults: tuple[Fault, ...]


def verify_registry(installation: Installation, region: str) -> tuple[CheckedRelease, ...]:
    """Check every version, oldest first. Raises BadInput where the reviewed files say nothing of the region."""
    history, policy = installation.registry.history(region), reviewed_policy(installation.workspace, region)
    checked: list[CheckedRelease] = []
    signed_before = False
    for number, release in enumerate(history, start=1):
        place = f"registry of {region}, version {release.version}"
        try:
            faults = (
                *_place_faults(release, number, place),
                *document_faults(release, place),
                *_signature_faults(release, policy, place, signed_before=signed_before),
                *_verdict_faults(installation, release, place),
            )
            signed = approval_in(release)
        except ValueError as error:
            faults, signed = (Fault("a stored document must be JSON", str(error), place, _INSERTED),), None
        signed_before = signed_before or signed is not None
        words = "none" if signed is None else f"by {signed.statement.get('approver')}, {signed.signed_at:%Y-%m-%d %H:%M} UTC"
        checked.append(CheckedRelease(release, words, faults))
    return tuple(checked)


def _place_faults(release: Release, number: int, place: str) -> Iterator[Fault]:
    wanted = (number, number - 1 or None, number == 1)
    if (release.version, release.previous, release.kind is ReleaseKind.INITIAL) != wanted:
        found = f"version {release.version} after {release.previous} in place {number}"
        yield Fault("versions must follow each other", found, place, _INSERTED)


def _signature_faults(release: Release, policy: ReleasePolicy, place: str, *, signed_before: bool) -> Iterator[Fault]:
    """Versions from before the first signature stay as they are: an older tunegate asked for none."""
    if approval_in(release) is not None:
        yield from signature_faults(release, policy, place)
    elif signed_before:
        yield Fault("after the first signed version every version must be signed", "no signature", place, _INSERTED)


def _verdict_faults(installation: Installation, release: Release, place: str) -> Iterator[Fault]:
    if release.verdict is None:
        return
    decision = installation.registry.decision(release.verdict)
    if decision is None or decision.outcome is not DecisionOutcome.APPROVED or decision.region != release.region:
        found = "no decision" if decision is None else f"{decision.outcome} in {decision.region}"
        yield Fault("a verdict that was released must be approved", found, place, _INSERTED)
    elif release.kind is not ReleaseKind.CONCLUSION and not same_person(decision.approver, release.approver):
        found = f"{decision.approver}, and {release.approver}"
        yield Fault("decision and release must name one approver", found, place, _INSERTED)
    try:
        yield from _record_faults(installation, release, release.verdict, place)
    except RecordConflict as error:
        yield error.fault
    except BadInput as error:
        yield from error.faults


def _record_faults(installation: Installation, release: Release, verdict: str, place: str) -> Iterator[Fault]:
    """The record and the route check of a verdict; both stores refuse what has another digest than it was kept under."""
    row, check = installation.verdicts.find(verdict), installation.route_checks.find(verdict)
    if row is None:
        yield Fault("a release must have the record of its verdict", f"none of {verdict}", place, _INSERTED)
        return
    document = read_verdict(row.document)
    if document.evidence.region != release.region:
        yield Fault("a verdict must be of the region", document.evidence.region, place, _INSERTED)
    if release.kind is ReleaseKind.ROLLOUT and document.parameter_digests.candidate != release.parameters.digest:
        yield Fault("a release must be of its verdict's candidate", release.parameters.digest, place, _INSERTED)
    stored = StoredRouteCheck(required=False, record=None if check is None else check.document)
    yield from missing_faults(stored, verdict, document.parameter_digests, place)
