"""What is wrong with an input, said so that a person can put it right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule: the rule, the value that breaks it, where it stands, and what to do about it."""

    rule: str
    value: str
    place: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.rule}, but got {self.value} in {self.place}. {self.remedy}"


class BadInput(Exception):
    """An input breaks one rule or several; trying again with the same input cannot help. All faults are listed at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """`faults` holds at least one."""
        if not faults:
            raise ValueError("BadInput needs at least one fault")
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def refuse(rule: str, value: object, place: str, remedy: str) -> BadInput:
    """A `BadInput` with a single fault, for the many places that stop at the first."""
    return BadInput([Fault(rule=rule, value=str(value), place=place, remedy=remedy)])
