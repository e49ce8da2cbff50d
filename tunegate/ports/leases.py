"""Leases: exclusive use of a name for a limited time, by one clock that all machines share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Leases(Protocol):
    """Leases by name, one holder at a time. Every method may block, is safe to repeat, and may be called from any thread.

    Time is the store's own, so that machines whose clocks differ agree on what has expired. Names and holders have at most 200
    characters.
    """

    def acquire(self, name: str, holder: str, ttl_s: float) -> bool:
        """Take or extend the lease for `ttl_s` seconds from now; False while another holder has it."""
        ...

    def release(self, name: str, holder: str) -> None:
        """End the lease. Nothing changes when another holder has it."""
        ...

    def holder(self, name: str) -> str | None:
        """The current holder; None when there is none or the lease expired."""
        ...

    def live(self, prefix: str) -> Mapping[str, str]:
        """The holder of every name that begins with `prefix` and has not expired."""
        ...
