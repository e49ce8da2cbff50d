"""An installation whose clock somebody set, for a street that is simulated faster than time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tunegate.config.workspace import Workspace
from tunegate.domain.errors import BadInput, Fault
from tunegate.installation import Installation


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still."""

    time: datetime

    def now(self) -> datetime:
        """The time that was set."""
        return self.time


def parse_instant(option: str, text: str) -> datetime:
    """The instant of a command-line option. Raises BadInput."""
    rule, remedy = "an instant must have a date, a time and a zone", "Write it as 2026-03-01T08:00:00+00:00."
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(Fault(rule, repr(text), option, remedy)) from None
    if instant.tzinfo is None:
        raise BadInput(Fault(rule, repr(text), option, remedy))
    return instant.astimezone(UTC)


def installation_at(now: str | None) -> Installation:
    """The environment's installation, at the time that `--now` sets where it is given. Raises BadInput."""
    clock = None if now is None else FixedClock(parse_instant("--now", now))
    return Installation(Workspace.from_environment(), clock=clock)
