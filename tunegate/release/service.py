"""The one way into production: check the rules, compare and swap in the registry, publish the registry's current version.

The registry is the source of truth, and the published documents follow it. `reconcile` publishes a region's current version,
whoever released it; every operation starts with it and so repairs what a killed process left unpublished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Approval, Decision, DecisionOutcome, Release, ReleaseKind
from tunegate.ports.clock import Clock
from tunegate.ports.publisher import Publisher
from tunegate.ports.registry import Registry, RegistryMoved, VerdictDecided
from tunegate.release.experiments import Experiment, conclusion_release
from tunegate.release.people import ReleasePolicy, same_person
from tunegate.release.rollback import rollback_release
from tunegate.release.rules import (
    RegistryState,
    ReleaseCandidate,
    ReleaseRefusal,
    expires_at,
    find_ineligibility,
    identity_faults,
    initial_release,
    refuse_monitor_name,
    release_or_refusal,
)
from tunegate.release.signatures import approval_in, document_faults, signature_faults, with_approval

EXPIRED_BY = "tunegate"
Signer = Callable[[Release], Release]


def _unsigned(release: Release) -> Release:
    return release


class ReleaseLost(Exception):
    """Another release came first; nothing was released. The message names the current version and what to do."""


class PublishingFailed(Exception):
    """The registry has the release, but publishing it failed. The next operation on the region tries again."""


@dataclass(frozen=True, slots=True)
class PublicationRepair:
    """Whether a region's published document had to change, or why it could not be published."""

    region: str
    changed: bool
    failure: str | None


class ReleaseService:
    """Approves, declines, expires and rolls back, for any region. Several processes may do so at once."""

    def __init__(
        self, registry: Registry, publisher: Publisher, clock: Clock, policy_of: Callable[[str], ReleasePolicy]
    ) -> None:
        self._registry = registry
        self._publisher = publisher
        self._clock = clock
        self._policy_of = policy_of

    def reconcile(self, region: str) -> bool:
        """Publish the region's current version; returns whether the published document had to change.

        A region without a release is left alone. Raises PublishingFailed, as every other operation here does.
        """
        current = self._registry.current(region)
        return current is not None and self._publish(current)

    def repair_publications(self, regions: Iterable[str] | None = None) -> tuple[PublicationRepair, ...]:
        """Reconcile these regions, or all of the registry: one that cannot be published blocks no other."""
        return tuple(map(self._repair, self._registry.regions() if regions is None else regions))

    def _repair(self, region: str) -> PublicationRepair:
        try:
            return PublicationRepair(region, self.reconcile(region), None)
        except PublishingFailed as error:
            return PublicationRepair(region, changed=False, failure=str(error))
        except ValueError as error:  # a row that was changed by hand
            return PublicationRepair(region, changed=False, failure=f"{region}: the registry could not be read: {error}")

    def check_eligible(self, candidate: ReleaseCandidate, region: str, verdict: str) -> ReleaseRefusal | None:
        """Why no approval whatever could release the candidate; None when it is worth asking an approver. Writes nothing."""
        return find_ineligibility(candidate, region, verdict, self.state(region, verdict), self._clock.now())

    def released(self, approval: Approval) -> Release | None:
        """The release that this same approval led to earlier, published if it was not; None when there is none."""
        history = self._registry.history(approval.region)
        found = next((release for release in history if release.verdict == approval.verdict), None)
        if found is None or not same_person(found.approver, approval.approver) or found.reason != approval.reason.strip():
            return None
        self.reconcile(approval.region)
        return found

    def approve(self, candidate: ReleaseCandidate, approval: Approval) -> Release:
        """Release a candidate. A region's first release follows version 1, what ran before, so that a rollback can restore it.

        Raises BadInput with every rule that forbids it, ReleaseLost when another release came first. A late approval closes the
        verdict as expired.
        """
        outcome = self.approve_or_refuse(candidate, approval)
        if isinstance(outcome, ReleaseRefusal):
            raise BadInput(*outcome.faults)
        return outcome

    def approve_or_refuse(self, candidate: ReleaseCandidate, approval: Approval) -> Release | ReleaseRefusal:
        """As `approve`, but returns what forbids the release. The current version is read once to decide, and once to swap."""
        current = self._registry.current(approval.region)
        if current is not None and not self._unpublishable(current):
            self._publish(current)
        now, state = self._clock.now(), RegistryState(current, self._registry.decision(approval.verdict))
        release = release_or_refusal(candidate, approval, state, now)
        if isinstance(release, ReleaseRefusal):
            if release.expired and state.decision is None:
                self.expire(candidate, approval.region, approval.verdict)
            return release
        try:
            if current is None:
                first = initial_release(candidate, approval, now)
                self._registry.append(first, None)
                self._publish(first)
            self._registry.append(release, release.previous)
        except (RegistryMoved, VerdictDecided) as error:
            raise self._lost(approval.region, str(error)) from error
        self._publish(release)
        return release

    def decline(self, region: str, verdict: str, approver: str, reason: str) -> Decision:
        """Close a verdict without a release, and return the decision.

        Raises BadInput when it was decided before, or when approver or reason is missing.
        """
        faults = tuple(identity_faults(approver, reason, f"verdict {verdict}"))
        if faults:
            raise BadInput(*faults)
        decision = Decision(region, verdict, DecisionOutcome.DECLINED, approver.strip(), self._clock.now(), reason.strip())
        self._close(decision)
        return decision

    def expire(self, candidate: ReleaseCandidate, region: str, verdict: str) -> None:
        """Close a verdict whose time for approving has passed. Raises BadInput before that time, or when decided otherwise."""
        now, end = self._clock.now(), expires_at(candidate)
        if now <= end:
            rule, found = "a verdict expires when its time for approving has passed", f"{end:%Y-%m-%d %H:%M} UTC, still to come"
            raise BadInput(Fault(rule, found, f"verdict {verdict}", "Wait, or decline it."))
        reason = f"not approved within {candidate.policy.expiry_days} days"
        self._close(Decision(region, verdict, DecisionOutcome.EXPIRED, EXPIRED_BY, now, reason))

    def state(self, region: str, verdict: str) -> RegistryState:
        """What the registry knows that decides about the release of a verdict."""
        return RegistryState(self._registry.current(region), self._registry.decision(verdict))

    def conclude(self, experiment: Experiment, approver: str, reason: str, sign: Signer = _unsigned) -> Release:
        """Have the whole region run the candidate of its experiment, which is over with that.

        Raises BadInput when approver or reason is missing, ReleaseLost when the experiment was ended otherwise.
        """
        region = experiment.region
        faults = tuple(identity_faults(approver, reason, f"experiment {experiment.name}"))
        if faults:
            raise BadInput(*faults)
        return self._append(sign(conclusion_release(experiment, approver, reason, self._clock.now())), region)

    def end_experiment(self, experiment: Experiment, approver: str, reason: str) -> Release:
        """Restore what the whole region ran before the experiment, byte for byte. Raises as `conclude`."""
        region, history = experiment.region, self._registry.history(experiment.region)
        if history[-1].version != experiment.number:
            raise self._lost(region, f"version {experiment.number} is no longer the current one of {region}")
        release = rollback_release(history, None, approver, reason, self._clock.now())
        if isinstance(release, ReleaseRefusal):
            raise BadInput(*release.faults)
        agreed = approval_in(experiment.release)  # The approval of the experiment covers its end by the monitor.
        return self._append(release if agreed is None else with_approval(release, agreed), region)

    def rollback(self, region: str, to: int | None, approver: str, reason: str, sign: Signer = _unsigned) -> Release:
        """Restore an earlier version, its published document byte for byte; by default the one that ran before.

        `sign` puts the signature of the approver into the document. Raises BadInput when there is no such version, or approver,
        reason or a signature that the region asks for is missing, ReleaseLost when another release came first.
        """
        refuse_monitor_name(approver, f"registry of {region}")
        current = self._registry.current(region)
        if current is not None and not self._unpublishable(current):
            self._publish(current)
        return self._append(sign(self.draft_rollback(region, to, approver, reason)), region)

    def draft_rollback(self, region: str, to: int | None, approver: str, reason: str) -> Release:
        """The release that a rollback would make, unsigned. Writes nothing. Raises BadInput."""
        history = self._registry.history(region)
        if not history:
            rule, remedy = "a region must have a release to roll back", "`tunegate registry list` shows the regions that have."
            raise BadInput(Fault(rule, region, "the registry", remedy))
        release = rollback_release(history, to, approver, reason, self._clock.now())
        if isinstance(release, ReleaseRefusal):
            raise BadInput(*release.faults)
        return release

    def _append(self, release: Release, region: str) -> Release:
        faults = self._unpublishable(release)
        if faults:
            raise BadInput(*faults)
        try:
            self._registry.append(release, release.previous)
        except RegistryMoved as error:
            raise self._lost(region, str(error)) from error
        self._publish(release)
        return release

    def _publish(self, known: Release) -> bool:
        """Publish what is current once the publisher lets us write: at least `known`, or what was released since.

        Where signatures are required, what ran before the first release is not published: nobody signed it.
        """
        try:
            if known.kind is ReleaseKind.INITIAL and self._policy_of(known.region).signatures_required:
                return False
            return self._publisher.publish(known.region, lambda: self._publishable(known.region))
        except (OSError, BadInput, ValueError) as error:
            raise PublishingFailed(f"{known.region}: version {known.version} could not be published: {error}") from error

    def _publishable(self, region: str) -> str:
        """The document of the current version. Raises BadInput when the registry or its signature does not hold."""
        current = self._current(region)
        faults = self._unpublishable(current)
        if faults:
            raise BadInput(*faults)
        return current.published

    def _unpublishable(self, release: Release) -> tuple[Fault, ...]:
        place = f"registry of {release.region}, version {release.version}"
        try:
            return (
                *document_faults(release, place),
                *signature_faults(release, self._policy_of(release.region), place),
            )
        except ValueError as error:
            return (Fault("a stored document must be JSON", str(error), place, "It was changed after it was written."),)

    def _close(self, decision: Decision) -> None:
        try:
            self._registry.decide(decision)
        except VerdictDecided as error:
            remedy = f"`tunegate registry history {decision.region}` shows it."
            place = f"verdict {decision.verdict}"
            raise BadInput(Fault("a verdict must be decided once", str(error), place, remedy)) from error

    def _current(self, region: str) -> Release:
        current = self._registry.current(region)
        if current is None:
            raise LookupError(f"{region} had a release and has none: the registry is append-only")
        return current

    def _lost(self, region: str, reason: str) -> ReleaseLost:
        current = self._registry.current(region)
        now = "" if current is None else f" Current is version {current.version}, {current.kind} by {current.approver}."
        return ReleaseLost(f"{region}: another release came first: {reason}.{now} Nothing was released; decide again.")
