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
    """Input a person gave is wrong. The command line ends with exit code 2 and lists every fault."""

    def __init__(self, *faults: Fault) -> None:
        if not faults:
            raise ValueError("BadInput needs at least one fault")
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    def __reduce__(self) -> tuple[type[BadInput], tuple[Fault, ...]]:
        return (type(self), self.faults)


class DatabaseUnreachable(Exception):
    """The database was away for longer than we wait, or went away in the middle of what must not be said twice."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))

    def __reduce__(self) -> tuple[type[DatabaseUnreachable], tuple[Fault]]:
        return (type(self), (self.fault,))


class DaysMissing(BadInput):
    """The configuration is sound, but there are no data for some of its days: they may come, and it may be tried again."""


class RegionBusy(BadInput):
    """Another campaign of the region is running: it will end, and this one may be tried again."""


class FailureClass(StrEnum):
    """Whether asking again can help."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    INFRASTRUCTURE = "infrastructure"


class SimulationFailed(Exception):
    """A simulation gave no trustworthy result.

    A permanent failure (parameters refused, a day out of range) is never retried; a transient one (process died,
    hung, printed rubbish) is, with the same parameters, until the attempts or the campaign's failure budget are spent. What
    the infrastructure lost (a machine taken away, memory out, a worker gone) says nothing of the parameters: it has a budget of
    its own.
    """

    def __init__(self, failure_class: FailureClass, fault: Fault) -> None:
        self.failure_class = failure_class
        self.fault = fault
        super().__init__(f"{failure_class} simulation failure: {fault}")

    def __reduce__(self) -> tuple[type[SimulationFailed], tuple[FailureClass, Fault]]:
        return (type(self), (self.failure_class, self.fault))


class FailureBudgetSpent(Exception):
    """Too many trials failed. The campaign ends here, and `reasons` says why, most frequent first.

    `name` says which budget: that of failures which the parameters or the simulator caused, or the infrastructure's.
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
