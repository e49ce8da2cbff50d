"""Input errors. Each states the broken rule, the offending value, where it is, and how to fix it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule: the rule, the offending value, the place in the input, and the remedy."""

    rule: str
    value: str
    place: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.rule}, but got {self.value} in {self.place}. {self.remedy}"


class BadInput(Exception):
    """The input breaks one or more rules. Retrying with the same input cannot help. Lists all faults at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """`faults` holds at least one."""
        if not faults:
            raise ValueError("BadInput needs at least one fault")
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[BadInput], tuple[Sequence[Fault]]]:
        """Pickle the faults: Python would pass the message instead when an error crosses from a worker process."""
        return BadInput, (self.faults,)


def refuse(rule: str, value: object, place: str, remedy: str) -> BadInput:
    """A `BadInput` with a single fault."""
    return BadInput([Fault(rule=rule, value=str(value), place=place, remedy=remedy)])
