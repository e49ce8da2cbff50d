"""Disjoint, ordered periods of whole operating days: history < tuning < validation < test.

An operating day D runs from the city's demand minimum on date D to the same hour on D + 1, so that a fleet can be reset
between days at no cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from tunegate.domain.errors import Fault

# A weekend and working days are told apart from three days on; with fewer no forecast worth the name can be trained.
FEWEST_HISTORY_DAYS = 3


@dataclass(frozen=True, slots=True)
class Period:
    """Whole operating days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of the period in order; empty when `last` is before `first`."""
        return tuple(self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


@dataclass(frozen=True, slots=True)
class Periods:
    """What each part of a campaign may see.

    history trains the demand forecast, tuning is what the search simulates, validation chooses among its best, and test is
    what the gate judges on and nothing before it ever names.
    """

    history: Period
    tuning: Period
    validation: Period
    test: Period

    def in_order(self) -> tuple[tuple[str, Period], ...]:
        """The four periods with their names, earliest first."""
        return (
            ("history", self.history),
            ("tuning", self.tuning),
            ("validation", self.validation),
            ("test", self.test),
        )

    def before_test(self, wanted: int) -> tuple[Period, tuple[date, ...]]:
        """The last `wanted` days before the test period, and what of the history lies before them.

        Never fewer than tuning and validation have together, and at least FEWEST_HISTORY_DAYS days of history stay history.
        """
        searched = (*self.tuning.days, *self.validation.days)
        borrowed = min(wanted - len(searched), len(self.history.days) - FEWEST_HISTORY_DAYS)
        if borrowed <= 0:
            return self.history, searched
        return Period(self.history.first, self.history.days[-borrowed - 1]), (*self.history.days[-borrowed:], *searched)

    def faults(self) -> tuple[Fault, ...]:
        """Every rule the periods break: none may be empty, and each must end before the next begins."""
        empty = [
            Fault(
                "a period must end on or after the day it begins",
                str(period),
                f"periods.{name}",
                "Put the earlier day in `first`.",
            )
            for name, period in self.in_order()
            if not period.days
        ]
        overlapping = [
            Fault(
                "periods must be disjoint and ordered history < tuning < validation < test",
                f"{early_name} {early} and {late_name} {late}",
                f"periods.{late_name}",
                f"Let `{late_name}` begin after `{early_name}` ends: a candidate may never be judged on days it was tuned on.",
            )
            for (early_name, early), (late_name, late) in pairwise(self.in_order())
            if early.days and late.days and early.last >= late.first
        ]
        return (*empty, *overlapping)
