"""Errors that say the rule, the value, the place and the remedy, and whose class decides about retrying."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule: what must hold, what was found, where, and what to do about it."""

    rule: str
    value: str
    place: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}, but got {self.value}. {self.remedy}"


class BadInput(Exception):
    """Invalid input from a person. The command line lists every fault and ends with exit code 2."""

    def __init__(self, *faults: Fault) -> None:
        if not faults:
            raise ValueError("BadInput needs at least one fault")
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    def __reduce__(self) -> tuple[type[BadInput], tuple[Fault, ...]]:
        return (type(self), self.faults)


class DatabaseUnreachable(Exception):
    """The database was unavailable for longer than we wait, or during a commit that is not idempotent."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))

    def __reduce__(self) -> tuple[type[DatabaseUnreachable], tuple[Fault]]:
        return (type(self), (self.fault,))


class DaysMissing(BadInput):
    """The configuration is valid, but some of its days have no data yet. A later attempt may succeed."""


class RegionBusy(BadInput):
    """Another campaign of the region is running. A later attempt may succeed."""


class FailureClass(StrEnum):
    """Whether a retry can help."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    INFRASTRUCTURE = "infrastructure"


class SimulationFailed(Exception):
    """A simulation gave no trustworthy result.

    A permanent failure (parameters refused, a day out of range) is never retried. A transient one (the process died, hung or
    printed invalid output) is retried with the same parameters until the attempts or the failure budget of the campaign are
    spent. An infrastructure failure (a lost machine or worker, out of memory) says nothing about the parameters and has a
    budget of its own.
    """

    def __init__(self, failure_class: FailureClass, fault: Fault) -> None:
        self.failure_class = failure_class
        self.fault = fault
        super().__init__(f"{failure_class} simulation failure: {fault}")

    def __reduce__(self) -> tuple[type[SimulationFailed], tuple[FailureClass, Fault]]:
        return (type(self), (self.failure_class, self.fault))


class FailureBudgetSpent(Exception):
    """Too many trials failed, so the campaign ends. `reasons` are sorted by frequency, most frequent first.

    `name` says which budget was spent: that of the parameters and the simulator, or that of the infrastructure.
    """

    def __init__(self, failed: int, budget: int, reasons: tuple[str, ...], name: str = "failure budget") -> None:
        self.failed = failed
        self.budget = budget
        self.reasons = reasons
        self.name = name
        listed = "\n".join(f"- {reason}" for reason in reasons)
        super().__init__(f"{failed} trials failed, and the {name} is {budget}. Reasons, most frequent first:\n{listed}")

    def __reduce__(self) -> tuple[type[FailureBudgetSpent], tuple[int, int, tuple[str, ...], str]]:
        return (type(self), (self.failed, self.budget, self.reasons, self.name))
