"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The system clock."""

    def now(self) -> datetime:
        """Now, in UTC and with its zone."""
        return datetime.now(UTC)
