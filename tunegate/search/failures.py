"""When a campaign cannot go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from tunegate.domain.errors import FailureBudgetSpent, FailureClass, Fault, SimulationFailed
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.search.definition import SearchBudget


def raise_if_search_failed(known: Sequence[TrialRecord], forgiven: Collection[int], budget: SearchBudget) -> None:
    """Raise SimulationFailed when production cannot be simulated, FailureBudgetSpent when too many other trials failed.

    `forgiven` are the numbers of failed trials that earlier launches of the campaign answered for.
    """
    if production_failed(known):
        last = next(record for record in reversed(known) if record.is_production and record.state is TrialState.FAILED)
        raise SimulationFailed(
            FailureClass.PERMANENT,
            Fault(
                "production's parameters must simulate, for every candidate is measured against them",
                f"a failure: {last.reason}",
                f"trial {last.number}, attempt {last.attempt}",
                "Mend the simulator or the production parameters, then resume.",
            ),
        )
    failed = [record for record in known if record.state is TrialState.FAILED and record.number not in forgiven]
    lost = [record for record in failed if record.failure_class is FailureClass.INFRASTRUCTURE]
    _raise_if_spent([record for record in failed if record not in lost], budget.failure_budget, "failure budget")
    _raise_if_spent(lost, budget.infrastructure_failure_budget, "infrastructure failure budget")


def _raise_if_spent(failed: Sequence[TrialRecord], budget: int, name: str) -> None:
    if len(failed) > budget:
        reasons = Counter(record.reason or "no reason given" for record in failed)
        listed = tuple(f"{times} of {len(failed)}: {reason}" for reason, times in reasons.most_common())
        raise FailureBudgetSpent(len(failed), budget, listed, name)


def production_failed(known: Sequence[TrialRecord]) -> bool:
    """Whether production failed and no attempt of it is complete, running or waiting."""
    states = {record.state for record in known if record.is_production}
    return TrialState.FAILED in states and states <= {TrialState.FAILED, TrialState.INTERRUPTED}
