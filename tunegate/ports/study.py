"""One campaign's search: trials that any number of workers ask for and report."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from tunegate.domain.errors import FailureClass
from tunegate.domain.trials import TrialRecord
from tunegate.search.answers import BudgetSpent, TrialToRun, WaitForOthers


class Study(Protocol):
    """A study that threads, processes and machines may share. Reporting a trial that is finished changes nothing."""

    def ask(self, worker: str) -> TrialToRun | BudgetSpent | WaitForOthers:
        """The next trial for this worker, or why there is none now.

        Raises FailureBudgetSpent when too many trials failed, and SimulationFailed (permanent) when production's own
        parameters cannot be simulated: without them no candidate can be measured.
        """
        ...

    def report_day(self, number: int, step: int, revenue_minor: float) -> bool:
        """Report the mean fleet revenue of one tuning day (`step` counts them from 0); True when the trial should stop."""
        ...

    def tell_complete(
        self, number: int, revenue_minor_per_day: float, simulated_days: int, simulation_s: float, store_s: float = 0.0
    ) -> None:
        """Finish a trial with its objective: mean fleet revenue per simulated day. `store_s` is the time its results took."""
        ...

    def tell_pruned(self, number: int, simulated_days: int, simulation_s: float, store_s: float = 0.0) -> None:
        """Finish a trial that was stopped early."""
        ...

    def tell_failed(self, number: int, reason: str, failure_class: FailureClass, simulation_s: float = 0.0) -> None:
        """Finish a trial without a result; failures that may pass queue the same parameters again. Raises as `ask` does."""
        ...

    def recover_interrupted(self, worker: str | None = None, alive: Collection[str] = ()) -> int:
        """Close the trials that a killed worker (None: campaign) left running, queue them again, and return their number.

        `alive` are workers in other processes, which keep theirs. An interruption is no failure, and a result that was written
        before it is kept. A resumed campaign (`worker` None) has its failure budget anew, and another attempt at production.
        """
        ...

    def tell_lost(self, worker: str, reason: str) -> int:
        """Finish the running trials of a worker that is gone as infrastructure failures, and queue them again; how many.

        A result that was written already is kept. Raises as `ask` does.
        """
        ...

    def trials(self) -> tuple[TrialRecord, ...]:
        """Every trial so far, in order of number, with its uplift over production where that is known."""
        ...

    def is_spent(self) -> bool:
        """Whether the budgeted number of trials is complete."""
        ...

    def top_k(self, k: int) -> tuple[TrialRecord, ...]:
        """The best trials with distinct parameters, production's left out (`search.ranking.finalists`)."""
        ...

    def importance(self) -> dict[str, float] | None:
        """Share of each parameter in how good trials differ from the rest, None when there are too few to tell."""
        ...
