"""Rows of observations: corrections, repetitions, contradictions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from tunegate.experiment.observations import Observation, current_rows

START = datetime(2026, 11, 2, 3, tzinfo=UTC)
ROW = Observation(
    "tokyo", START, "candidate", 120_000, 400.0, 310, 7, START + timedelta(hours=2), "JPY", {"wait_mean_s": 240.0}
)


def test_a_later_row_of_the_same_window_and_arm_replaces_the_earlier_whatever_the_order_of_arrival() -> None:
    corrected = replace(ROW, revenue_minor=130_000, recorded_at=ROW.recorded_at + timedelta(hours=1))
    other_arm = replace(ROW, arm="production", driver_hours=3.0)
    for rows in permutations((ROW, corrected, other_arm, ROW)):
        found = current_rows(rows)
        assert found.rows == (corrected, other_arm)
        assert not found.contradictions


def test_an_equal_row_counts_once_and_one_with_other_values_is_a_contradiction_until_it_is_corrected() -> None:
    assert current_rows([ROW, ROW]).rows == (ROW,)
    twin = replace(ROW, revenue_minor=1)
    for rows in permutations((ROW, twin)):
        assert current_rows(rows).contradictions == (ROW.key,)
    correction = replace(ROW, recorded_at=ROW.recorded_at + timedelta(seconds=1))
    for rows in permutations((ROW, twin, correction)):
        found = current_rows(rows)
        assert found.rows == (correction,)
        assert not found.contradictions


@pytest.mark.parametrize("name", ["window_start", "recorded_at"])
def test_a_time_without_a_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must have a zone"):
        replace(ROW, **{name: datetime(2026, 11, 2, 3)})
