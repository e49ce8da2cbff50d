"""What can be wrong with a declaration, a request or a day, and whether asking again can help."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule: the rule, the value that breaks it, where it stands, and what to do about it."""

    rule: str
    value: str
    place: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}, but got {self.value}. {self.remedy}"


class DeclarationError(Exception):
    """The simulator describes itself wrongly; raised when the program starts, before any request."""

    def __init__(self, rule: str, value: object, place: str, remedy: str) -> None:
        self.fault = Fault(rule, shorten(value), place, remedy)
        super().__init__(str(self.fault))


class Refused(Exception):
    """The request or its city can never be simulated: a permanent error. Holds at least one fault."""

    def __init__(self, *faults: Fault) -> None:
        if not faults:
            raise ValueError("Refused needs at least one fault")
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class TryAgain(Exception):
    """Something outside the simulator failed that may be well again: a transient error."""


class BrokenPromise(Exception):
    """A day or route contradicts the description or the contract: a fault of the simulator, permanent."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


def refuse(rule: str, value: object, place: str, remedy: str) -> Refused:
    """Make a refusal with a single fault, to be raised by a simulator's own checks."""
    return Refused(Fault(rule, shorten(value), place, remedy))


def joined(faults: Sequence[Fault]) -> Fault:
    """All faults as one, for an error line: each field joins what the faults say without repeating itself."""
    columns = ([getattr(fault, name) for fault in faults] for name in ("rule", "value", "place", "remedy"))
    return Fault(*("; ".join(dict.fromkeys(column)) for column in columns))


def shorten(value: object) -> str:
    """As text for a person, at most SHOWN_CHARACTERS long."""
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed in a fresh process: files, memory, time limits and killed children may recover."""
    if isinstance(error, subprocess.CalledProcessError):
        return error.returncode < 0
    return isinstance(error, TryAgain | OSError | MemoryError | subprocess.TimeoutExpired)
