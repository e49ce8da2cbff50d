"""Time, passed in so that expiry and ledger dates can be tested."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time of day comes from."""

    def now(self) -> datetime:
        """Now, in UTC and with its zone."""
        ...
