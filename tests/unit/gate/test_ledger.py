from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from tunegate.domain.periods import Period
from tunegate.gate.intervals import keyed_generator, wider_half_width
from tunegate.gate.ledger import Allowance, LedgerEntry, LedgerPolicy, LedgerQuestion, LevelSpent, allowance

MARCH = Period(date(2024, 3, 4), date(2024, 3, 17))
LATER = Period(date(2024, 3, 18), date(2024, 3, 31))
ACROSS = Period(date(2024, 3, 17), date(2024, 3, 30))


ASKED = LedgerQuestion("sf", MARCH, "sha256:a")
ENTRY = LedgerEntry("sf", MARCH, "first", "sha256:c", "sha256:a", 0.05, datetime(2024, 3, 20, tzinfo=UTC))
ONCE = LedgerPolicy(0.05, 1)


def entry(campaign: str, question_digest: str, alpha_spent: float) -> LedgerEntry:
    return replace(ENTRY, campaign=campaign, question_digest=question_digest, alpha_spent=alpha_spent)


def test_the_only_planned_verdict_has_the_whole_level() -> None:
    assert allowance((), ASKED, ONCE) == Allowance(0.05, 1, 0.0, repeated=False)


def test_a_second_verdict_on_the_same_days_is_refused_and_told_to_roll() -> None:
    refusal = allowance((ENTRY,), replace(ASKED, question_digest="sha256:b"), ONCE)
    assert isinstance(refusal, LevelSpent)
    assert "first" in refusal.reason
    assert "2024-03-17" in refusal.remedy


def test_planned_verdicts_share_the_level_and_the_last_one_is_refused() -> None:
    policy, entries = LedgerPolicy(0.05, 3), []
    for use in range(1, 4):
        asked = LedgerQuestion("sf", MARCH, f"sha256:{use}")
        allowed = allowance(entries, asked, policy)
        assert isinstance(allowed, Allowance)
        assert allowed.alpha == pytest.approx(0.05 / 3)
        assert allowed.use == use
        entries.append(
            replace(ENTRY, campaign=f"campaign {use}", question_digest=asked.question_digest, alpha_spent=allowed.alpha)
        )
    assert isinstance(allowance(entries, ASKED, policy), LevelSpent)


def test_one_shared_day_counts_and_none_does_not() -> None:
    assert isinstance(allowance((ENTRY,), replace(ASKED, test=ACROSS), ONCE), LevelSpent)
    assert isinstance(allowance((ENTRY,), replace(ASKED, test=LATER), ONCE), Allowance)


def test_regions_have_ledgers_of_their_own() -> None:
    assert isinstance(allowance((ENTRY,), replace(ASKED, region="nyc"), ONCE), Allowance)


def test_the_same_question_spends_nothing_twice_whoever_asks() -> None:
    again = allowance((ENTRY,), ASKED, ONCE)
    assert again == Allowance(0.05, 1, 0.0, repeated=True)


@pytest.mark.parametrize("change", [{"question_digest": "sha256:b"}, {"test": ACROSS}])
def test_anything_else_is_another_verdict(change: dict[str, object]) -> None:
    assert isinstance(allowance((ENTRY,), replace(ASKED, **change), ONCE), LevelSpent)


def test_planning_more_verdicts_afterwards_frees_no_level() -> None:
    assert isinstance(allowance((ENTRY,), replace(ASKED, question_digest="sha256:b"), LedgerPolicy(0.05, 12)), LevelSpent)


def test_what_the_ledger_allows_never_exceeds_the_level_in_sum() -> None:
    entries: list[LedgerEntry] = []
    generator = keyed_generator("ledger")
    for attempt in range(60):
        policy = LedgerPolicy(0.05, int(generator.integers(1, 12)))
        allowed = allowance(entries, LedgerQuestion("sf", MARCH, f"sha256:{attempt}"), policy)
        if isinstance(allowed, Allowance):
            entries.append(
                replace(ENTRY, campaign=f"campaign {attempt}", question_digest=f"sha256:{attempt}", alpha_spent=allowed.alpha)
            )
    assert sum(entry.alpha_spent for entry in entries) <= 0.05 + 1e-9


def test_twelve_null_candidates_on_one_period_pass_one_in_at_most_one_of_twenty_periods() -> None:
    days = keyed_generator("twelve null candidates").standard_normal((2000, 12, 14))
    share = allowance((), ASKED, LedgerPolicy(0.05, 12))
    assert isinstance(share, Allowance)

    def passes_one(level: float) -> float:
        return float(np.mean((days.mean(axis=-1) > wider_half_width(days, level)).any(axis=-1)))

    assert passes_one(0.05) > 4 * 0.05
    assert passes_one(share.alpha) <= 0.05


def test_a_policy_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="one_sided_level"):
        LedgerPolicy(0.5, 1)
    with pytest.raises(ValueError, match="verdicts_per_period"):
        LedgerPolicy(0.05, 0)


def test_a_verdict_on_later_days_counts_too_when_it_shares_the_first_of_them() -> None:
    earlier_days_asked_later = replace(ASKED, test=MARCH, question_digest="sha256:b")
    starts_on_the_last_day = replace(ENTRY, test=ACROSS)
    assert isinstance(allowance((starts_on_the_last_day,), earlier_days_asked_later, ONCE), LevelSpent)
