"""Leases: who has a thing now, until when, by one clock that all machines share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Leases(Protocol):
    """Names that one holder at a time has, for a limited time. Every method may block, and be called from any thread.

    Time is the store's own, so that machines whose clocks differ agree on what has expired. Every method is safe to repeat.
    Names and holders have at most 200 characters.
    """

    def acquire(self, name: str, holder: str, ttl_s: float) -> bool:
        """Have the name from now for `ttl_s` seconds; False when another holder has it. Its holder may acquire it again."""
        ...

    def renew(self, name: str, holder: str, ttl_s: float) -> bool:
        """Have the name for `ttl_s` seconds more, counted from now; False when this holder does not have it any more.

        A lease that expired is not renewed even if nobody took it: others may have acted on its end.
        """
        ...

    def release(self, name: str, holder: str) -> None:
        """Give the name back. Nothing changes when another holder has it."""
        ...

    def holder(self, name: str) -> str | None:
        """Who has the name; None when nobody has, or the lease expired."""
        ...

    def live(self, prefix: str) -> Mapping[str, str]:
        """The holder of every name that begins with `prefix` and has not expired."""
        ...
