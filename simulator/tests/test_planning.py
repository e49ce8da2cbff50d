from __future__ import annotations

import math

import numpy as np
import pytest
from small_city import small_city

from hailsim.kernels.elementary import exp_nonpositive
from hailsim.kernels.planning import UNREACHABLE, set_choice, sweep
from hailsim.model.road import Road, read_road

FREE_TURNS = np.zeros(5, np.float32), np.ones(5, np.float32)


def _choose(cumulative: np.ndarray, value: np.ndarray, road: Road, turns: tuple[np.ndarray, np.ndarray], cold: float) -> None:
    worth = np.empty((4, road.links), np.float32)
    set_choice(cumulative, worth, value, road.successors, *(table[road.turns] for table in turns), np.float32(cold))


def _road() -> Road:
    return read_road(small_city())


def _solved(road: Road, sweeps: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    chance = rng.uniform(0, 0.3, road.links).astype(np.float32)
    value = np.zeros(road.links + 1, np.float32)
    value[-1] = UNREACHABLE
    cost, discount = FREE_TURNS
    sweep(value, chance, (1 - chance) * np.float32(0.98), road.successors, cost[road.turns], discount[road.turns], sweeps)
    return value


@pytest.mark.parametrize("x", [0.0, -1e-6, -0.1, -0.6931472, -1.0, -7.5, -30.0, -79.9])
def test_exponential_is_exact_to_float32(x: float) -> None:
    assert exp_nonpositive(np.float32(x)) == pytest.approx(math.exp(np.float32(x)), rel=3e-7)


def test_exponential_of_far_below_zero_is_tiny_and_never_negative() -> None:
    assert 0.0 <= exp_nonpositive(np.float32(-1e9)) < 1e-30


def test_sweeps_reach_the_fixed_point_of_the_equation() -> None:
    road = _road()
    assert np.abs(_solved(road, 400) - _solved(road, 402)).max() < 1e-6


def test_values_of_all_links_come_from_pickups_ahead() -> None:
    value = _solved(_road(), 400)[:-1]
    assert (value > 0).all()
    assert (value < 1).all()


def test_last_way_on_is_certain_so_that_no_draw_runs_past_it() -> None:
    road = _road()
    cumulative = np.zeros((3, road.links), np.uint16)
    for inverse_temperature in (0.01, 1.0, 50.0, 1e6):
        _choose(cumulative, _solved(road, 50), road, FREE_TURNS, inverse_temperature)
        ways = (road.successors < road.links).sum(axis=1)
        for link in range(road.links):
            assert (cumulative[ways[link] - 1 :, link] == 65_535).all()
            assert (np.diff(cumulative[:, link].astype(int)) >= 0).all()


def test_cold_choice_takes_the_best_way_and_hot_choice_any() -> None:
    road = _road()
    value = _solved(road, 400)
    cumulative = np.zeros((3, road.links), np.uint16)
    _choose(cumulative, value, road, FREE_TURNS, 1e8)
    best = value[road.successors].argmax(axis=1)
    chosen = (cumulative < 30_000).sum(axis=0)
    assert (chosen == best).all()
    _choose(cumulative, value, road, FREE_TURNS, 1e-6)
    crossroads = (road.successors < road.links).sum(axis=1) == 3
    assert np.abs(cumulative[:2, crossroads].T - np.array([65_536 // 3, 2 * 65_536 // 3])).max() < 5


def test_a_disliked_turn_is_chosen_less() -> None:
    road = _road()
    value = _solved(road, 100)
    free, dear = np.zeros((3, road.links), np.uint16), np.zeros((3, road.links), np.uint16)
    cost = np.array([0.0, 0.0, 0.2, 0.0, 0.0], np.float32)
    _choose(free, value, road, FREE_TURNS, 20)
    _choose(dear, value, road, (cost, FREE_TURNS[1]), 20)

    def left_share(cumulative: np.ndarray) -> float:
        upper = np.concatenate([cumulative.T.astype(float), np.full((road.links, 1), 65_535.0)], axis=1)
        return float(np.diff(upper, axis=1, prepend=0.0)[road.turns == 2].mean())

    assert left_share(dear) < 0.6 * left_share(free)
