"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Now, by the machine."""

    def now(self) -> datetime:
        """Now, in UTC and with its zone."""
        return datetime.now(UTC)
