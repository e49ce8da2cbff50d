"""Where production reads its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Publisher(Protocol):
    """One document for each region, replaced as a whole. Every method may block and may be called from any thread."""

    def publish(self, region: str, wanted: Callable[[], str]) -> bool:
        """Make what production reads equal to `wanted()`, byte for byte; returns whether it had to change.

        `wanted` may be called several times. Its result is written only if the document has not been replaced since the call,
        so that a slow publisher cannot overwrite a newer version with an older one. A reader sees the old document
        or the new one, never a part, and the new one is kept for good when the call returns. Raises ValueError for a document
        that does not fit the published schema, or for an impossible name of a region, OSError when the place cannot be reached.
        """
        ...

    def location(self, region: str) -> str:
        """Where production reads, in words for people. Raises ValueError for an impossible name of a region."""
        ...
