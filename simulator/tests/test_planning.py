from __future__ import annotations

import math

import numpy as np
import pytest
from small_city import small_city

from hailsim.kernels.elementary import exp_nonpositive
from hailsim.kernels.planning import UNREACHABLE, set_choice, sweep
from hailsim.model.routing_graph import RoutingGraph, build_routing_graph

FREE_TURNS = np.zeros(5, np.float32), np.ones(5, np.float32)


def _choose(
    cumulative: np.ndarray, value: np.ndarray, graph: RoutingGraph, turns: tuple[np.ndarray, np.ndarray], cold: float
) -> None:
    worth = np.empty((4, graph.links), np.float32)
    set_choice(cumulative, worth, value, graph.successors, *(table[graph.turns] for table in turns), np.float32(cold))


def _road() -> RoutingGraph:
    return build_routing_graph(small_city())


def _solved(graph: RoutingGraph, sweeps: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    chance = rng.uniform(0, 0.3, graph.links).astype(np.float32)
    value = np.zeros(graph.links + 1, np.float32)
    value[-1] = UNREACHABLE
    cost, discount = FREE_TURNS
    sweep(value, chance, (1 - chance) * np.float32(0.98), graph.successors, cost[graph.turns], discount[graph.turns], sweeps)
    return value


@pytest.mark.parametrize("x", [0.0, -1e-6, -0.1, -0.6931472, -1.0, -7.5, -30.0, -79.9])
def test_exponential_is_exact_to_float32(x: float) -> None:
    assert exp_nonpositive(np.float32(x)) == pytest.approx(math.exp(np.float32(x)), rel=3e-7)


def test_exponential_of_very_negative_numbers_is_tiny_and_never_negative() -> None:
    assert 0.0 <= exp_nonpositive(np.float32(-1e9)) < 1e-30


def test_sweeps_reach_the_fixed_point_of_the_equation() -> None:
    graph = _road()
    assert np.abs(_solved(graph, 400) - _solved(graph, 402)).max() < 1e-6


def test_link_values_propagate_from_pickups_ahead() -> None:
    value = _solved(_road(), 400)[:-1]
    assert (value > 0).all()
    assert (value < 1).all()


def test_the_last_exit_is_certain_so_that_every_draw_selects_one() -> None:
    graph = _road()
    cumulative = np.zeros((3, graph.links), np.uint16)
    for inverse_temperature in (0.01, 1.0, 50.0, 1e6):
        _choose(cumulative, _solved(graph, 50), graph, FREE_TURNS, inverse_temperature)
        ways = (graph.successors < graph.links).sum(axis=1)
        for link in range(graph.links):
            assert (cumulative[ways[link] - 1 :, link] == 65_535).all()
            assert (np.diff(cumulative[:, link].astype(int)) >= 0).all()


def test_a_low_temperature_takes_the_best_exit_and_a_high_one_any() -> None:
    graph = _road()
    value = _solved(graph, 400)
    cumulative = np.zeros((3, graph.links), np.uint16)
    _choose(cumulative, value, graph, FREE_TURNS, 1e8)
    best = value[graph.successors].argmax(axis=1)
    chosen = (cumulative < 30_000).sum(axis=0)
    assert (chosen == best).all()
    _choose(cumulative, value, graph, FREE_TURNS, 1e-6)
    crossroads = (graph.successors < graph.links).sum(axis=1) == 3
    assert np.abs(cumulative[:2, crossroads].T - np.array([65_536 // 3, 2 * 65_536 // 3])).max() < 5


def test_a_penalised_turn_is_chosen_less_often() -> None:
    graph = _road()
    value = _solved(graph, 100)
    free, dear = np.zeros((3, graph.links), np.uint16), np.zeros((3, graph.links), np.uint16)
    cost = np.array([0.0, 0.0, 0.2, 0.0, 0.0], np.float32)
    _choose(free, value, graph, FREE_TURNS, 20)
    _choose(dear, value, graph, (cost, FREE_TURNS[1]), 20)

    def left_share(cumulative: np.ndarray) -> float:
        upper = np.concatenate([cumulative.T.astype(float), np.full((graph.links, 1), 65_535.0)], axis=1)
        return float(np.diff(upper, axis=1, prepend=0.0)[graph.turns == 2].mean())

    assert left_share(dear) < 0.6 * left_share(free)
