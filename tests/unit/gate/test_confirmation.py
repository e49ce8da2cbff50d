"""Choosing among finalists on validation days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from scipy import stats

from tunegate.domain.days import DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.gate.confirmation import ConfirmationAnswers, Confirmed, chosen, paired_interval
from tunegate.gate.confirmation import confirm_finalists as confirm_in_worlds

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


def confirm_finalists(
    production: SimulationAnswer,
    finalists: list[TrialRecord],
    answers: dict[int, SimulationAnswer],
    failures: dict[int, str],
) -> tuple[Confirmed, ...]:
    """As in a region of one world."""
    alone = {number: ConfirmationAnswers(each, {}) for number, each in answers.items()}
    return confirm_in_worlds(ConfirmationAnswers(production, {}), finalists, alone, failures, {})


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


def in_stress(believed: SimulationAnswer, half: SimulationAnswer) -> ConfirmationAnswers:
    return ConfirmationAnswers(believed, {"half follow": half})


def test_a_finalist_that_loses_too_much_in_a_stress_world_is_no_candidate_however_much_it_gains() -> None:
    answers = {1: in_stress(BETTER, WORSE), 2: in_stress(answer((101.5, 101.5), (199.5, 199.5), (100.5, 100.5)), PRODUCTION)}
    confirmed = confirm_in_worlds(in_stress(PRODUCTION, PRODUCTION), [trial(1), trial(2)], answers, {}, {"half follow": 0.5})
    assert [one.trial.number for one in confirmed] == [2, 1]
    best = chosen(confirmed)
    assert best is not None
    assert best.trial.number == 2
    assert confirmed[1].objection == "-1.0 % in half follow, beyond -0.5 %"


def test_nothing_is_chosen_when_every_finalist_loses_in_a_stress_world() -> None:
    answers = {1: in_stress(BETTER, WORSE)}
    confirmed = confirm_in_worlds(in_stress(PRODUCTION, PRODUCTION), [trial(1)], answers, {}, {"half follow": 0.5})
    assert chosen(confirmed) is None


def test_a_loss_within_the_margin_of_a_stress_world_is_tolerated() -> None:
    answers = {1: in_stress(BETTER, WORSE)}
    confirmed = confirm_in_worlds(in_stress(PRODUCTION, PRODUCTION), [trial(1)], answers, {}, {"half follow": 1.5})
    assert chosen(confirmed) is not None
    assert confirmed[0].objection is None
