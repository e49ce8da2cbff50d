"""The outcome of a gate: a closed sum type, never a number. `KIND` is how a verdict is stored and shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Interval:
    """An effect with its two-sided interval, in percent of production unless said otherwise."""

    estimate_pct: float
    low_pct: float
    high_pct: float


class Remedy(StrEnum):
    """What would settle an inconclusive gate."""

    MORE_DAYS = "more days"
    MORE_SEEDS = "more seeds"
    FALLBACK = "the fallback forecast"
    GUARDRAIL = "a guardrail"
    SMALLER_MINIMUM_EFFECT = "the minimum effect"
    STRESS_WORLD = "a stress world"


@dataclass(frozen=True, slots=True)
class Promote:
    """The candidate is better on held-out days, its fallback is not worse, and every check passed."""

    KIND: ClassVar = "promote"
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """The candidate is shown not to be worth it."""

    KIND: ClassVar = "reject"
    reason: str


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """The evidence settles nothing; `remedy` names what would."""

    KIND: ClassVar = "inconclusive"
    reason: str
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class Invalid:
    """A check failed, so the numbers must not be read at all. Not a kind of inconclusive."""

    KIND: ClassVar = "invalid"
    reason: str


Verdict = Promote | Reject | Inconclusive | Invalid
