"""What a rule is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tunegate.application.conformance.bench import Bench
from tunegate.domain.conformance import RuleOutcome

Check = Callable[[Bench], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement, and how it is checked: `check` returns what was seen, or raises RuleBroken or NotApplicable.

    `remedy` is for who writes the simulator. `outcome` is that of a check that returns.
    `needs` are rules without which a failure of this one would say nothing new: it is skipped when one of them failed.
    """

    name: str
    requirement: str
    remedy: str
    check: Check
    outcome: RuleOutcome = RuleOutcome.PASSED
    needs: tuple[str, ...] = ()
