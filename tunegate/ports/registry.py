"""The registry: every version of every region's production parameters, and every decision about a candidate. Append-only."""

from __future__ import annotations

from typing import Protocol

from tunegate.domain.releases import Decision, Release


class RegistryMoved(Exception):
    """The region's current version is not the one that the writer expected; nothing was written."""


class VerdictDecided(Exception):
    """The verdict was approved, declined or expired before; nothing was written."""


class Registry(Protocol):
    """Releases by region. Every method may block for a database and may be called from any thread."""

    def regions(self) -> tuple[str, ...]:
        """Every region that has a release, sorted."""
        ...

    def current(self, region: str) -> Release | None:
        """The newest version, which is what production is to run; None before the first."""
        ...

    def history(self, region: str) -> tuple[Release, ...]:
        """Every version, oldest first."""
        ...

    def append(self, release: Release, expected_current: int | None) -> None:
        """Compare and swap: make the release current if `expected_current` still is; a release by verdict also approves it.

        All or nothing, and on disk when the call returns. Raises RegistryMoved, or VerdictDecided when the verdict was decided
        before; ValueError when the versions do not follow each other.
        """
        ...

    def decide(self, decision: Decision) -> None:
        """Record that a verdict was declined or has expired. Repeating the same outcome keeps the first entry.

        Raises VerdictDecided when it was decided otherwise, ValueError for an approval: only a release approves.
        """
        ...

    def decision(self, verdict: str) -> Decision | None:
        """What was decided about a verdict (its full digest), or None."""
        ...

    def decisions(self, region: str) -> tuple[Decision, ...]:
        """Every decision of a region, oldest first."""
        ...
