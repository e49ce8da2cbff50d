"""The ledger of test periods: how much error level the next verdict on some days may spend.

A region decides beforehand how many verdicts K a test period is for. Each of them spends alpha / K, so that however many null
candidates are tried on overlapping days, at most a share alpha of periods ever passes one (Bonferroni). With K = 1 the one
verdict has the whole level. When the level is spent, the answer is a refusal that asks for fresh days: the window must roll.

Any overlap counts in full, since one shared day is enough for two verdicts to be lucky together. Asking the same question again
(the same candidate and production, days, seeds, city and settings: a campaign that was resumed or repeated) can only give the
same answer. It learns nothing new and spends nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tunegate.domain.periods import Period

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One use of a test period: which candidate was judged on it, and how much of the error level that spent.

    `question_digest` is of everything the verdict depends on; `campaign` is the first that asked it.
    """

    region: str
    test: Period
    campaign: str
    candidate_digest: str
    question_digest: str
    alpha_spent: float
    at: datetime


@dataclass(frozen=True, slots=True)
class LedgerPolicy:
    """The level of a test period, and how many verdicts share it. Raises ValueError when out of range."""

    one_sided_level: float
    verdicts_per_period: int

    def __post_init__(self) -> None:
        if not 0 < self.one_sided_level < 0.5:
            raise ValueError(f"`0 < one_sided_level < 0.5` must hold, but got {self.one_sided_level}")
        if self.verdicts_per_period < 1:
            raise ValueError(f"`verdicts_per_period >= 1` must hold, but got {self.verdicts_per_period}")


@dataclass(frozen=True, slots=True)
class LedgerQuestion:
    """What is to be judged next; `question_digest` is of everything the verdict depends on."""

    region: str
    test: Period
    question_digest: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """The verdict may spend `alpha`.

    `use` counts the verdicts on overlapping days, this one included; `level_left` is what remains for later ones. `repeated`
    says that this very verdict is in the ledger already and is not to be entered again.
    """

    alpha: float
    use: int
    level_left: float
    repeated: bool


@dataclass(frozen=True, slots=True)
class LevelSpent:
    """The level of these days is spent: `reason` says by what, `remedy` what to do."""

    reason: str
    remedy: str


def overlapping(entries: Sequence[LedgerEntry], region: str, test: Period) -> tuple[LedgerEntry, ...]:
    """The region's verdicts that rest on at least one of these days."""
    return tuple(
        entry for entry in entries if entry.region == region and entry.test.first <= test.last and test.first <= entry.test.last
    )


def allowance(entries: Sequence[LedgerEntry], asked: LedgerQuestion, policy: LedgerPolicy) -> Allowance | LevelSpent:
    """What the next verdict may spend, given every verdict of the region so far, oldest first."""
    earlier = overlapping(entries, asked.region, asked.test)
    spent = math.fsum(entry.alpha_spent for entry in earlier)
    for use, entry in enumerate(earlier, start=1):
        if (entry.test, entry.question_digest) == (asked.test, asked.question_digest):
            return Allowance(entry.alpha_spent, use, max(0.0, policy.one_sided_level - spent), repeated=True)
    share = policy.one_sided_level / policy.verdicts_per_period
    left = policy.one_sided_level - spent
    if left < share * (1.0 - _ROUNDING):
        campaigns = ", ".join(entry.campaign for entry in earlier)
        return LevelSpent(
            f"{len(earlier)} verdicts ({campaigns}) on days of {asked.test} have spent {spent:.3g} of the error level of "
            f"{policy.one_sided_level:g}, and another would need {share:.3g}",
            f"Roll the test period past {max(entry.test.last for entry in earlier)}, so that it holds only days nobody was "
            "judged on. More verdicts per period have to be planned before the first one.",
        )
    return Allowance(share, len(earlier) + 1, max(0.0, left - share), repeated=False)
