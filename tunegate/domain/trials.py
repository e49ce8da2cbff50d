"""A trial of the search: one attempt at simulating one proposal of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tunegate.domain.errors import FailureClass
from tunegate.domain.parameters import Parameters


class TrialState(StrEnum):
    """The state of a trial. Only `COMPLETE` counts towards the budget of trials, only `FAILED` towards the failure budget."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class TrialTimes:
    """Where the time of a trial went, one phase after the other, in seconds.

    `queue_s` from the question for a trial to its parameters; `start_s` until the simulator works: runs scheduled, pods
    started, and what else is neither simulating nor storing; `simulate_s` as the simulator says; `store_s` keeping its days;
    `tell_s` from there until the study knows.
    """

    queue_s: float
    start_s: float
    simulate_s: float
    store_s: float
    tell_s: float

    @property
    def overhead_s(self) -> float:
        """Everything but simulating."""
        return self.queue_s + self.start_s + self.store_s + self.tell_s


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """What is known of one trial.

    `proposal` counts distinct proposals of parameters from 0 (production); a retry is a new trial of the same proposal with
    the next `attempt` (from 1). `revenue_minor_per_day` is the objective: mean fleet revenue per simulated day, in minor
    currency units. `value_pct` is its uplift over production on the same days and seeds, known once production's own
    trial is complete. Points in time are aware and in UTC; `times` are those of complete and pruned trials.
    """

    number: int
    proposal: int
    attempt: int
    state: TrialState
    parameters: Parameters
    worker: str | None = None
    revenue_minor_per_day: float | None = None
    value_pct: float | None = None
    simulated_days: int = 0
    simulation_s: float = 0.0
    reason: str | None = None
    failure_class: FailureClass | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    times: TrialTimes | None = None

    @property
    def is_production(self) -> bool:
        """Whether this is a trial of the parameters that run in production now."""
        return self.proposal == 0
