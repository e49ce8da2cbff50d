"""What a rollback restores: an earlier version of a region, as a new version with the old content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tunegate.domain.errors import Fault
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.release.rules import ReleaseRefusal, identity_faults


def rollback_release(
    history: Sequence[Release], to: int | None, approver: str, reason: str, now: datetime
) -> Release | ReleaseRefusal:
    """The release that restores an earlier version, its document byte for byte; by default the one that ran before.

    `history` is the region's, oldest first and not empty. Two rollbacks in a row go back two versions. An experiment is never
    restored: a rollback while one runs restores the version before it.
    """
    current, versions = history[-1], {release.version: release for release in history}
    running = versions[current.content]
    target = versions.get(to if to is not None else _ran_before(running, versions))
    place = f"registry of {current.region}"
    faults = list(identity_faults(approver, reason, place))
    if target is None:
        found = (
            f"none before version {running.version}" if to is None else f"version {to} of {min(versions)} to {current.version}"
        )
        remedy = f"`tunegate registry history {current.region}` lists the versions; name one with --to."
        faults.append(Fault("a rollback must name a version that was released", found, place, remedy))
    elif target.kind is ReleaseKind.EXPERIMENT:
        rule, remedy = "a rollback must name a version that the whole region ran", "Name another version with --to."
        faults.append(Fault(rule, f"experiment {target.version}", place, remedy))
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


def _ran_before(running: Release, versions: Mapping[int, Release]) -> int:
    """The version that the whole region ran before; 0 where there was none."""
    before = running.previous or 0
    while before and versions[before].kind is ReleaseKind.EXPERIMENT:
        before = versions[before].previous or 0
    return before
