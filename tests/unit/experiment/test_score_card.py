"""The slope of realised on predicted gains, against statsmodels and against what was planted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import statsmodels.api as sm

from tunegate.domain.verdicts import Interval
from tunegate.experiment.score_card import FEWEST_SCORES, SLOPE_LEVEL, Score, slope_of, slope_words

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def score(number: int, predicted: float, realised: float, error: float = 0.5) -> Score:
    return Score(
        "toy",
        f"toy-{number}",
        NOON + timedelta(days=number),
        "conclusion",
        Interval(predicted, predicted - 0.3, predicted + 0.3),
        Interval(realised, realised - 2 * error, realised + 2 * error),
        error,
    )


def drawn(releases: int, slope: float, seed: int, spread: float = 1.0) -> list[Score]:
    generator = np.random.default_rng(seed)
    errors = generator.uniform(0.2, 2.0, releases)
    predicted = generator.uniform(0.5, 3.0, releases)
    realised = slope * predicted + spread * errors * generator.standard_normal(releases)
    return [score(number, *values) for number, values in enumerate(zip(predicted, realised, errors, strict=True))]


def test_the_estimate_and_a_wide_scatter_are_those_of_statsmodels():
    scores = drawn(10, 0.7, seed=3, spread=4.0)
    fitted = sm.WLS(
        [each.realised.estimate_pct for each in scores],
        [each.predicted.estimate_pct for each in scores],
        weights=[each.standard_error_pct**-2 for each in scores],
    ).fit()
    found = slope_of(scores)
    assert found is not None
    low, high = fitted.conf_int(SLOPE_LEVEL)[0]
    assert (found.estimate, found.low, found.high) == pytest.approx((fitted.params[0], low, high))


def test_the_interval_covers_the_planted_slope():
    found = [slope_of(drawn(10, 0.7, seed)) for seed in range(400)]
    covered = sum(slope.low <= 0.7 <= slope.high for slope in found if slope is not None)
    assert 0.88 * 400 <= covered <= 0.99 * 400


def test_few_releases_have_no_slope_and_the_words_say_how_many_it_needs():
    scores = drawn(FEWEST_SCORES, 0.7, seed=1)
    assert slope_of(scores[:-1]) is None
    assert slope_of([score(number, 0.0, 1.0) for number in range(9)]) is None
    assert slope_words(None, 4) == "The street has judged 4 releases; a slope needs 5."
    assert slope_words(slope_of(scores), 5).startswith("The last 5 releases brought 0.")
