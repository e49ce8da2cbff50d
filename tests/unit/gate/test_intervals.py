from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.weightstats import DescrStatsW

from tunegate.domain.verdicts import Interval
from tunegate.gate.intervals import (
    EWC_TRANSFORMS,
    correlation_factor,
    ewc_half_width,
    interval_of,
    keyed_generator,
    paired_days_pct,
    paired_t_half_width,
    sign_flip_p,
    wider_half_width,
)
from tunegate.gate.versions import CURRENT_RULE, RULES


def days(count: int, key: int = 0) -> np.ndarray:
    return keyed_generator("test days", key).normal(0.4, 0.8, count)


@pytest.mark.parametrize("count", [5, 14, 28])
def test_the_paired_t_interval_is_that_of_statsmodels_and_scipy(count: int) -> None:
    values = days(count)
    low, high = DescrStatsW(values).tconfint_mean(alpha=0.1)
    half_width = float(paired_t_half_width(values, 0.05))
    assert half_width == pytest.approx((high - low) / 2, rel=1e-12)
    reference = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert values.mean() - half_width == pytest.approx(reference.low, rel=1e-12)


def test_ewc_is_the_regression_of_the_days_on_four_cosines() -> None:
    values = days(14)
    moments = np.arange(1, 15)
    cosines = np.stack([np.sqrt(2) * np.cos(np.pi * j * (moments - 0.5) / 14) for j in range(1, EWC_TRANSFORMS + 1)], axis=1)
    weights = OLS(values, cosines).fit().params  # cosines are orthogonal, so each weight is its own projection
    error = math.sqrt(float((weights**2).mean()))
    assert float(ewc_half_width(values, 0.05)) == pytest.approx(stats.t.ppf(0.95, EWC_TRANSFORMS) * error, rel=1e-10)


def test_with_five_days_ewc_spans_all_there_is_and_both_intervals_agree() -> None:
    values = days(5)
    assert float(ewc_half_width(values, 0.05)) == pytest.approx(float(paired_t_half_width(values, 0.05)), rel=1e-10)


def test_the_wider_interval_decides() -> None:
    trending, alternating = np.arange(14.0), np.array([1.0, -1.0] * 7)
    assert ewc_half_width(trending, 0.05) > paired_t_half_width(trending, 0.05)
    assert ewc_half_width(alternating, 0.05) < paired_t_half_width(alternating, 0.05)
    for values in (trending, alternating):
        both = float(ewc_half_width(values, 0.05)), float(paired_t_half_width(values, 0.05))
        assert float(wider_half_width(values, 0.05, RULES["1"])) == max(both)


def test_a_batch_of_gates_gets_the_intervals_of_each_alone() -> None:
    batch = keyed_generator("batch").normal(size=(50, 3, 14))
    widths = wider_half_width(batch, 0.05)
    for gate, series in itertools.product(range(50), range(3)):
        assert widths[gate, series] == float(wider_half_width(batch[gate, series].copy(), 0.05))


def test_fewer_than_five_days_give_no_interval() -> None:
    assert interval_of(days(4), 0.05) is None
    with pytest.raises(ValueError, match="days >= 5"):
        wider_half_width(days(4), 0.05)


def test_a_constant_difference_gives_no_interval_and_never_a_width_of_zero() -> None:
    assert interval_of(np.full(14, 1.2), 0.05) is None
    assert interval_of(np.full(14, 1.2) + 1e-13 * np.arange(14), 0.05) is None


def test_differences_that_are_zero_to_the_last_bit_are_a_fact() -> None:
    assert interval_of(np.zeros(14), 0.05) == Interval(0.0, 0.0, 0.0)


def test_a_series_that_holds_no_number_gives_no_interval() -> None:
    assert interval_of(np.array([math.nan, 1.0, 2.0, 3.0, 4.0, 5.0]), 0.05) is None
    assert interval_of(np.array([math.inf, 1.0, 2.0, 3.0, 4.0, 5.0]), 0.05) is None


@pytest.mark.parametrize("count", [1, 2, 5, 9, 12])
def test_the_sign_flip_p_counts_every_assignment(count: int) -> None:
    values = days(count, count)
    at_least = sum(np.dot(signs, values) >= values.sum() - 1e-9 for signs in itertools.product((-1.0, 1.0), repeat=count))
    assert sign_flip_p(values) == at_least / 2**count


def test_the_sign_flip_p_agrees_with_scipys_permutation_test() -> None:
    values = days(10, 3)
    reference = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="greater"
    )
    assert sign_flip_p(values) == pytest.approx(reference.pvalue, abs=1e-12)


def test_the_sign_flip_p_of_no_difference_is_one_and_of_all_gains_the_least_there_is() -> None:
    assert sign_flip_p(np.zeros(14)) == 1.0
    assert sign_flip_p(np.full(14, 0.3)) == 2.0**-14
    assert sign_flip_p(np.full(32, 0.3)) == 2.0**-32


def test_the_sign_flip_p_of_many_days_is_drawn_the_same_each_time_and_never_zero() -> None:
    values = days(40)
    assert sign_flip_p(values) == sign_flip_p(values)
    assert 0 < sign_flip_p(np.full(40, 1.0)) < 1e-4
    assert sign_flip_p(values) == pytest.approx(stats.ttest_1samp(values, 0.0, alternative="greater").pvalue, abs=0.01)


def test_differences_are_percent_of_productions_mean_over_all_test_days_and_seeds() -> None:
    production = np.array([[100.0, 300.0], [500.0, 700.0]])
    candidate = production + np.array([[4.0, 4.0], [8.0, 8.0]])
    assert paired_days_pct(production, candidate).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("days", [5, 7, 14])
@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.4])
def test_the_correlation_factor_is_what_the_covariance_of_the_days_gives(days: int, correlation: float) -> None:
    covariance = correlation ** np.abs(np.subtract.outer(np.arange(days), np.arange(days)))
    of_mean = covariance.sum() / days**2
    expected_sample_variance = (days - days * of_mean) / (days - 1)
    assert correlation_factor(days, correlation) == pytest.approx(math.sqrt(of_mean / (expected_sample_variance / days)))


def test_without_correlation_the_factor_is_exactly_one() -> None:
    assert [correlation_factor(days, 0.0) for days in range(5, 40)] == [1.0] * 35


@pytest.mark.parametrize("days", [5, 6, 7, 8, 10, 14])
@pytest.mark.parametrize("level", [0.05, 0.025, 0.0125])
def test_days_that_resemble_the_day_before_err_at_most_half_more_than_the_level(days: int, level: float) -> None:
    series = keyed_generator("few days", days, level).standard_normal((40_000, days))
    for day in range(1, days):
        series[:, day] = 0.4 * series[:, day - 1] + math.sqrt(1 - 0.4**2) * series[:, day]
    wrong = float((series.mean(axis=1) > wider_half_width(series, level, CURRENT_RULE)).mean())
    sampling = 3 * math.sqrt(1.5 * level / 40_000)
    assert wrong <= 1.5 * level + sampling
    before = float((series.mean(axis=1) > wider_half_width(series, level, RULES["1"])).mean())
    assert days >= 14 or before > 1.5 * level, "the reason for the bound"
