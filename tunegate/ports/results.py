"""Where day results are kept: small, immutable rows that are written once and read back bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tunegate.domain.days import DayResult, SimulationAnswer
from tunegate.domain.errors import Fault
from tunegate.domain.simulation import SimulationRequest


class SimulationPhase(StrEnum):
    """What part of a campaign a simulation was for; each looks at days of its own."""

    SEARCH = "search"
    CONFIRMATION = "confirmation"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What a simulation was for: the phase, and in it the trial (`trial-0042`) or the arm (`production`, `candidate`)."""

    phase: SimulationPhase
    subject: str


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A day result with what it was simulated for."""

    key: RequestKey
    content_digest: str
    result: DayResult


class RecordConflict(Exception):
    """Something immutable would have been replaced by something else; nothing was written."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))

    def __reduce__(self) -> tuple[type[RecordConflict], tuple[Fault]]:
        return (type(self), (self.fault,))


class ResultsStore(Protocol):
    """Answers of simulators by campaign. Every method may block for a database and may be called from any thread."""

    def save_answer(self, campaign: str, key: RequestKey, request: SimulationRequest, answer: SimulationAnswer) -> None:
        """Keep the answer and its days, all or nothing.

        Saving the same again changes nothing (`compute_s` apart, of which the first stays). Raises RecordConflict when a day
        and seed of this key and forecast is already kept with other numbers or another request: a simulator must answer the
        same question the same way, or no comparison of arms means anything.
        """
        ...

    def find_answer(self, campaign: str, content_digest: str) -> SimulationAnswer | None:
        """The answer kept for a request of this content, or None; equal in every bit to what was saved."""
        ...

    def day_results(
        self, campaign: str, phase: SimulationPhase | None = None, subject: str | None = None
    ) -> tuple[StoredDay, ...]:
        """Every day kept for a campaign, sorted by phase, subject, forecast, day, seed."""
        ...
