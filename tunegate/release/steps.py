"""The one way into production: check, compare and swap in the registry, publish what the registry says.

The registry is the truth and what production reads follows it: `reconcile` publishes the registry's current version, whoever
wrote it and however they ended. Every step begins with it, so that what a killed process left behind is put right.
"""

from __future__ import annotations

from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Approval, Decision, DecisionOutcome, Release
from tunegate.ports.clock import Clock
from tunegate.ports.publisher import Publisher
from tunegate.ports.registry import Registry, RegistryMoved, VerdictDecided
from tunegate.release.rules import (
    RegistryState,
    ReleaseCandidate,
    ReleaseRefusal,
    expires_at,
    find_ineligibility,
    identity_faults,
    initial_release,
    release_or_refusal,
    rollback_release,
    same_person,
)

EXPIRED_BY = "tunegate"


class ReleaseLost(Exception):
    """Somebody else was first; nothing was released. The message says who is current now and what to do."""


class PublishingFailed(Exception):
    """The registry holds, and production could not be given what it says; the next step of any process tries again."""


class ReleaseService:
    """Releases, rollbacks and refusals of any region. Safe to use from several processes at once."""

    def __init__(self, registry: Registry, publisher: Publisher, clock: Clock) -> None:
        self._registry = registry
        self._publisher = publisher
        self._clock = clock

    def reconcile(self, region: str) -> bool:
        """Publish the registry's current version; returns whether production read anything else before.

        A region without a release is left alone: what it reads was never ours. Raises PublishingFailed; so does every step.
        """
        current = self._registry.current(region)
        if current is None:
            return False
        try:
            return self._publisher.publish(region, lambda: self._current(region).published)
        except (OSError, BadInput) as error:
            raise PublishingFailed(f"{region}: version {current.version} could not be published: {error}") from error

    def reconcile_all(self) -> tuple[str, ...]:
        """Reconcile every region of the registry; returns those that had to be put right."""
        return tuple(region for region in self._registry.regions() if self.reconcile(region))

    def check_eligible(self, case: ReleaseCandidate, region: str, verdict: str) -> ReleaseRefusal | None:
        """Why no answer could release the verdict's candidate now; None when somebody can be asked. Writes nothing."""
        return find_ineligibility(case, region, verdict, self._state(region, verdict), self._clock.now())

    def check_approval(self, case: ReleaseCandidate, approval: Approval) -> ReleaseRefusal | None:
        """Why `approve` would refuse this approval; None when it would not. Writes nothing."""
        state = self._state(approval.region, approval.verdict)
        outcome = release_or_refusal(case, approval, state, self._clock.now())
        return outcome if isinstance(outcome, ReleaseRefusal) else None

    def released(self, approval: Approval) -> Release | None:
        """The release that this approval has led to before, published where it was not; None when there is none."""
        history = self._registry.history(approval.region)
        found = next((release for release in history if release.verdict == approval.verdict), None)
        if found is None or not same_person(found.approver, approval.approver) or found.reason != approval.reason.strip():
            return None
        self.reconcile(approval.region)
        return found

    def approve(self, case: ReleaseCandidate, approval: Approval) -> Release:
        """Release a candidate. The first of a region follows version 1, what ran before, so that a rollback leads there.

        Raises BadInput with every rule that forbids it, ReleaseLost when another release came first. An approval that comes
        too late closes the verdict as expired.
        """
        self.reconcile(approval.region)
        now, state = self._clock.now(), self._state(approval.region, approval.verdict)
        release = release_or_refusal(case, approval, state, now)
        if isinstance(release, ReleaseRefusal):
            if release.expired and state.decision is None:
                self.expire(case, approval.region, approval.verdict)
            raise BadInput(*release.faults)
        try:
            if state.current is None:
                self._registry.append(initial_release(case, approval, now), None)
                self.reconcile(approval.region)
            self._registry.append(release, release.previous)
        except (RegistryMoved, VerdictDecided) as error:
            raise self._lost(approval.region, str(error)) from error
        self.reconcile(approval.region)
        return release

    def decline(self, region: str, verdict: str, approver: str, reason: str) -> Decision:
        """Close a verdict without a release, and return the decision.

        Raises BadInput when it was decided before, or nobody says who and why.
        """
        faults = tuple(identity_faults(approver, reason, f"verdict {verdict}"))
        if faults:
            raise BadInput(*faults)
        decision = Decision(region, verdict, DecisionOutcome.DECLINED, approver.strip(), self._clock.now(), reason.strip())
        self._close(decision)
        return decision

    def expire(self, case: ReleaseCandidate, region: str, verdict: str) -> None:
        """Close a verdict whose time for approving has passed. Raises BadInput while it has not, or when decided otherwise."""
        now, end = self._clock.now(), expires_at(case)
        if now <= end:
            rule = "a verdict expires when its time for approving has passed"
            raise BadInput(
                Fault(rule, f"{end:%Y-%m-%d %H:%M} UTC, still to come", f"verdict {verdict}", "Wait, or decline it.")
            )
        reason = f"not approved within {case.policy.expiry_days} days"
        self._close(Decision(region, verdict, DecisionOutcome.EXPIRED, EXPIRED_BY, now, reason))

    def rollback(self, region: str, to: int | None, approver: str, reason: str) -> Release:
        """Bring an earlier version back, its published document byte for byte; by default the one that ran before.

        Raises BadInput when there is none or nobody says who and why, ReleaseLost when another release came first.
        """
        self.reconcile(region)
        history = self._registry.history(region)
        if not history:
            rule, remedy = "a region must have a release to roll back", "`tunegate registry list` shows the regions that have."
            raise BadInput(Fault(rule, region, "the registry", remedy))
        release = rollback_release(history, to, approver, reason, self._clock.now())
        if isinstance(release, ReleaseRefusal):
            raise BadInput(*release.faults)
        try:
            self._registry.append(release, release.previous)
        except RegistryMoved as error:
            raise self._lost(region, str(error)) from error
        self.reconcile(region)
        return release

    def _state(self, region: str, verdict: str) -> RegistryState:
        return RegistryState(self._registry.current(region), self._registry.decision(verdict))

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
        return ReleaseLost(f"{region}: somebody else was first: {reason}.{now} Nothing was released; look, then decide again.")
