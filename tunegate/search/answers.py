"""What a worker that asks for a trial is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialRecord, TrialState


@dataclass(frozen=True, slots=True)
class TrialToRun:
    """A trial to simulate now."""

    number: int
    proposal: int
    attempt: int
    parameters: Parameters

    @property
    def is_production(self) -> bool:
        """Whether these are the parameters that run in production now."""
        return self.proposal == 0


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """The budgeted number of trials is complete; the worker may end."""


@dataclass(frozen=True, slots=True)
class WaitForOthers:
    """Running trials may still fill the budget. Ask again later: one of them may fail."""

    running: int


def reason_to_wait(known: Sequence[TrialRecord], trials: int) -> BudgetSpent | WaitForOthers | None:
    """Why there is no trial to ask for now, with a budget of so many `trials`; None when there is one.

    "None now" is a safe answer whenever it is given: a worker that is told so asks again.
    """
    count = Counter(record.state for record in known)
    if count[TrialState.COMPLETE] >= trials:
        return BudgetSpent()
    if count[TrialState.COMPLETE] + count[TrialState.RUNNING] >= trials:
        return WaitForOthers(count[TrialState.RUNNING])
    return None
