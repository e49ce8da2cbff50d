from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailsim.faults import BadInput
from hailsim.model.fleet import MAX_SHIFT_S, OPEN_END_S, FleetDay, draw_fleet

DAY = date(2024, 3, 5)
SHARES = (0.35 + 0.45 * np.sin(np.linspace(0, np.pi, 24)) ** 2).astype(np.float32)


def fleet(taxis: int = 400, shares: np.ndarray = SHARES, seed: int = 1, follower_share: float = 0.3) -> FleetDay:
    weight = np.array([0.0, 1.0, 3.0, 0.0])
    return draw_fleet(
        taxis,
        active_share=shares,
        start_weight=weight,
        follower_share=follower_share,
        compliance=0.8,
        standing_share=0.25,
        day=DAY,
        seed=seed,
    )


def working(found: FleetDay, second: int) -> int:
    start, end = found.arrays.shifts[:, :, 0], found.arrays.shifts[:, :, 1]
    return int(((start <= second) & (second < end)).sum())


# The first hour has somebody on shift: a fleet that never works is refused.
SHARES_OF_DAY = st.lists(st.floats(0.0, 1.0), min_size=23, max_size=23).map(lambda rest: [1.0, *rest])


@given(SHARES_OF_DAY, st.integers(1, 90))
def test_active_taxis_meet_the_share_in_the_middle_of_every_hour(shares: list[float], taxis: int) -> None:
    found = fleet(taxis, np.array(shares, np.float32))
    for hour in range(24):
        assert working(found, hour * 3600 + 1799) == round(float(np.float32(shares[hour])) * taxis)


@given(SHARES_OF_DAY, st.integers(1, 60))
def test_shifts_of_a_taxi_follow_each_other_without_overlap(shares: list[float], taxis: int) -> None:
    for shifts in fleet(taxis, np.array(shares, np.float32)).arrays.shifts:
        real = shifts[shifts[:, 0] < 86_400].astype(int)
        assert (real[:, 0] <= real[:, 1]).all()
        assert (real[1:, 0] >= real[:-1, 1]).all()


def test_no_shift_exceeds_the_maximum_while_others_rest() -> None:
    shifts = fleet().arrays.shifts.astype(int)
    length = np.minimum(shifts[:, :, 1], 86_400) - shifts[:, :, 0]
    # Who is tired is asked once an hour, and whoever goes leaves in the course of one.
    assert length[shifts[:, :, 1] < OPEN_END_S].max() <= MAX_SHIFT_S + 2 * 3600


def test_followers_are_exactly_the_share_and_the_others_never_follow() -> None:
    found = fleet()
    assert found.follower.sum() == round(0.3 * 400)
    assert set(found.arrays.follows[found.follower]) == {round(0.8 * 65_536)}
    assert set(found.arrays.follows[~found.follower]) == {0}


def test_a_larger_follower_share_includes_the_smaller() -> None:
    few, many = fleet(follower_share=0.2), fleet(follower_share=0.6)
    assert (many.follower | ~few.follower).all()


def test_start_links_follow_the_weights() -> None:
    places = np.bincount(fleet(taxis=4000).arrays.start_link, minlength=4) / 4000
    assert places == pytest.approx([0.0, 0.25, 0.75, 0.0], abs=0.03)


def test_the_same_key_gives_the_same_fleet_and_another_seed_another() -> None:
    assert (fleet().arrays.shifts == fleet().arrays.shifts).all()
    assert (fleet().arrays.start_link != fleet(seed=2).arrays.start_link).any()


def test_a_fleet_without_shifts_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one taxi must be on shift"):
        fleet(taxis=3, shares=np.full(24, 0.1, np.float32))


def test_the_mean_over_an_hour_is_the_share_of_that_hour_and_not_of_the_hour_before() -> None:
    rising = np.linspace(0.2, 0.8, 24).astype(np.float32)
    found = fleet(shares=rising)
    for hour in range(1, 23):
        mean = np.mean([working(found, hour * 3600 + second) for second in range(0, 3600, 60)])
        assert mean == pytest.approx(float(rising[hour]) * 400, abs=1.5)
