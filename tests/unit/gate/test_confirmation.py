"""Choosing among finalists on validation days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from scipy import stats

from tunegate.domain.days import DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.gate.confirmation import chosen, confirm_finalists, paired_interval

FIRST = date(2026, 2, 1)


def answer(*revenues: tuple[float, ...]) -> SimulationAnswer:
    """Days in order, each with its revenue by seed."""
    rows = tuple(
        DayResult(FIRST + timedelta(days=day), seed, Forecast.ML, {"revenue_minor": revenue}, {}, 10, "sha256:" + "0" * 64)
        for day, of_day in enumerate(revenues)
        for seed, revenue in enumerate(of_day)
    )
    return SimulationAnswer(rows, {}, FIRST - timedelta(days=1), "sha256:" + "1" * 64, "toy 1", 0.0)


def trial(number: int) -> TrialRecord:
    return TrialRecord(number, number, 1, TrialState.COMPLETE, Parameters({"gamma": 0.9 + number / 1000}), value_pct=1.0)


PRODUCTION = answer((100.0, 102.0), (200.0, 198.0), (100.0, 100.0))
BETTER = answer((104.0, 104.0), (203.0, 203.0), (102.0, 102.0))
WORSE = answer((99.0, 99.0), (199.0, 199.0), (98.0, 98.0))


def test_the_interval_is_the_paired_t_over_day_means() -> None:
    differences = [100 * 3 / (400 / 3), 100 * 4 / (400 / 3), 100 * 2 / (400 / 3)]
    found = paired_interval(PRODUCTION, BETTER)
    expected = stats.ttest_1samp(differences, 0).confidence_interval(0.9)
    assert found.estimate_pct == pytest.approx(sum(differences) / 3)
    assert (found.low_pct, found.high_pct) == pytest.approx((expected.low, expected.high))


def test_the_best_on_validation_days_is_chosen_whatever_the_search_said() -> None:
    confirmed = confirm_finalists(PRODUCTION, [trial(1), trial(2)], {1: WORSE, 2: BETTER}, {})
    assert [one.trial.number for one in confirmed] == [2, 1]
    best = chosen(confirmed)
    assert best is not None
    assert best.trial.number == 2


def test_nothing_is_chosen_when_nothing_beats_production() -> None:
    assert chosen(confirm_finalists(PRODUCTION, [trial(1), trial(2)], {1: WORSE, 2: PRODUCTION}, {})) is None
    assert chosen(()) is None


def test_a_finalist_that_failed_comes_last_with_its_reason_and_is_never_chosen() -> None:
    confirmed = confirm_finalists(PRODUCTION, [trial(1), trial(2)], {2: WORSE}, {1: "it died"})
    assert [(one.trial.number, one.failure) for one in confirmed] == [(2, None), (1, "it died")]
    assert chosen(confirmed) is None


def test_answers_on_other_days_or_seeds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same days and seeds"):
        paired_interval(PRODUCTION, answer((1.0, 2.0), (3.0, 4.0)))


def test_one_day_makes_no_interval() -> None:
    with pytest.raises(ValueError, match="days >= 2"):
        paired_interval(answer((1.0,)), answer((2.0,)))
