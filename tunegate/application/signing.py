"""Who may release in a region, by the reviewed files, and signing in an approver's name with the key that they hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tunegate.adapters.local import ssh_keys
from tunegate.config.document import read_document
from tunegate.config.loading import load_region
from tunegate.config.workspace import Workspace
from tunegate.domain.canonical import canonical_json
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Approval, Release
from tunegate.domain.signed_statements import SignedStatement
from tunegate.installation import Installation
from tunegate.release.people import HOME_KEY, ReleasePolicy, same_person
from tunegate.release.rules import RegistryState, ReleaseCandidate, draft_release, signed_plans
from tunegate.release.signatures import NO_PLANS, SignedPlans, statement_of, with_approval


def reviewed_policy(workspace: Workspace, region: str) -> ReleasePolicy:
    """Who may release in a region, as the reviewed files say now.

    Raises BadInput where no file of the folder is of this region, or where two of them differ in it.
    """
    found = {str(file): load_region(file).release_policy for file in _files_of(workspace.configs, region)}
    if (
        len({canonical_json([*policy.approvers, dict(policy.keys), policy.signatures_required]) for policy in found.values()})
        != 1
    ):
        rule = "what a region publishes must be covered by a reviewed file of it"
        remedy = "Point TUNEGATE_CONFIGS at the folder of reviewed configurations, with one file for the region."
        raise BadInput(Fault(rule, ", ".join(found) or f"none of {region}", str(workspace.configs), remedy))
    return with_home_key(next(iter(found.values())), workspace.root)


def _files_of(folder: Path, region: str) -> Iterator[Path]:
    for file in sorted(folder.rglob("*.yaml")):
        try:
            tree = read_document(file, ()).tree
        except BadInput:
            continue  # It is no region's file, or `tunegate check` says what is wrong with it.
        if tree.get("region") == region:
            yield file


def with_home_key(policy: ReleasePolicy, home: Path) -> ReleasePolicy:
    """The policy with the installation's own key in place of `home`."""
    if HOME_KEY not in policy.keys.values():
        return policy
    own = ssh_keys.public_file(ssh_keys.home_key(home)).read_text(encoding="utf-8").strip()
    return replace(policy, keys={name: own if key == HOME_KEY else key for name, key in policy.keys.items()})


def signed_at_home(installation: Installation, candidate: ReleaseCandidate, approval: Approval) -> Approval:
    """The approval, signed with the installation's own key where the reviewed file takes that for the approver's."""
    return approval if approval.signed is not None else _signed(installation, candidate, approval, None, only_home=True)


def signed_approval(
    installation: Installation, candidate: ReleaseCandidate, approval: Approval, key_file: Path | None
) -> Approval:
    """The approval with the signature of its approver, if they have a key. Raises BadInput where it is not at hand."""
    return _signed(installation, candidate, approval, key_file, only_home=False)


def _signed(
    installation: Installation, candidate: ReleaseCandidate, approval: Approval, key_file: Path | None, *, only_home: bool
) -> Approval:
    key = _key(installation.workspace.root, candidate.policy, approval.approver, key_file, only_home=only_home)
    if key is None or candidate.evidence_faults:
        return approval  # Rules say what is missing.
    registry = RegistryState(installation.registry.current(approval.region), None)
    now = installation.clock.now()
    release = draft_release(candidate, approval, registry, now)
    signed = _sign(release, key, signed_plans(candidate, approval, registry, now))
    return replace(approval, signed=signed)


def signed_release(
    installation: Installation, release: Release, key_file: Path | None = None, *, only_home: bool = False
) -> Release:
    """A rollback, or the end of an experiment, with the signature of its approver, if they have a key. Raises BadInput."""
    policy = reviewed_policy(installation.workspace, release.region)
    key = _key(installation.workspace.root, policy, release.approver, key_file, only_home=only_home)
    return release if key is None else with_approval(release, _sign(release, key, NO_PLANS))


def _sign(release: Release, key: tuple[str, Path | None], plans: SignedPlans) -> SignedStatement:
    statement = statement_of(release, release.when, plans)
    public, file = key
    return SignedStatement(statement, ssh_keys.sign(canonical_json(statement).encode(), public, file))


def _key(
    home: Path, policy: ReleasePolicy, person: str, key_file: Path | None, *, only_home: bool
) -> tuple[str, Path | None] | None:
    """Public key and file of a person on the list; None where they have no key, or it is not the installation's."""
    public = next((key for name, key in policy.keys.items() if same_person(name, person)), None)
    if public is None:
        return None
    own = ssh_keys.public_file(home / "keys" / "approver")
    if own.exists() and own.read_text(encoding="utf-8").strip() == public:
        return public, ssh_keys.home_key(home)
    return None if only_home else (public, key_file)
