"""The record of a release that is tried on the street first: what happened to it, entry by entry. Never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from tunegate.domain.canonical import content_digest


class EventKind(StrEnum):
    """What an entry of an experiment's record tells."""

    STARTED = "started"
    LOOK = "look"
    EXCLUDED = "excluded"
    STOPPED = "stopped"
    CONCLUDED = "concluded"
    ROLLED_BACK = "rolled_back"

    @property
    def is_end(self) -> bool:
        """Whether the experiment is over with it."""
        return self in {EventKind.STOPPED, EventKind.CONCLUDED, EventKind.ROLLED_BACK}


@dataclass(frozen=True, slots=True)
class ExperimentEvent:
    """One entry in the record of an experiment.

    `experiment` is the version of the registry that began it, and `sequence` counts from 1. `document` is plain JSON.
    `previous` is the digest of the entry before, None for the first, so that no entry can be changed or left out unseen.
    """

    region: str
    experiment: int
    sequence: int
    kind: EventKind
    at: datetime
    who: str
    why: str
    document: Mapping[str, Any]
    previous: str | None

    @property
    def digest(self) -> str:
        """SHA-256 over the entry and the digest of the one before it."""
        return content_digest(
            {
                "region": self.region,
                "experiment": self.experiment,
                "sequence": self.sequence,
                "kind": self.kind.value,
                "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
                "who": self.who,
                "why": self.why,
                "document": dict(self.document),
                "previous": self.previous,
            }
        )
