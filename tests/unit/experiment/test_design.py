"""Designs are scored by the errors that experiments on simulated streets really make."""

from dataclasses import replace

import numpy as np
import pytest

from tests.synthetic.streets import PLAN, START
from tunegate.domain.days import Arm
from tunegate.experiment.analysis import RESPONSE
from tunegate.experiment.design import (
    SimulatedStreet,
    candidate_designs,
    felt,
    response_of,
    run_on_street,
    score_design,
    score_designs,
)
from tunegate.experiment.schedule import SwitchbackPlan, draw_schedule

SMALL = replace(PLAN, days=4, looks=(2, 4))


def simulated_street(
    seed: int = 1, *, noise: float = 0.05, days: int = 4, response: tuple[float, ...] = RESPONSE
) -> SimulatedStreet:
    rng = np.random.default_rng(seed)
    usual = 1000 * (1.3 + np.sin(np.arange(288) / 288 * 2 * np.pi)) * rng.lognormal(0, 0.1, (days, 1))
    return SimulatedStreet(usual * rng.lognormal(0, noise, usual.shape), np.array(response))


def test_an_effect_is_felt_as_the_response_says_across_windows_and_days() -> None:
    arms = np.zeros(48)
    arms[0] = arms[23] = 1.0
    shares = felt(arms, 60, np.array([0.5, 0.3, 0.2]))
    assert shares.shape == (2, 288)
    by_half_hour = shares.reshape(-1, 6)
    assert (by_half_hour == by_half_hour[:, :1]).all()
    assert by_half_hour[:5, 0].tolist() == pytest.approx([0.5, 0.8, 0.5, 0.2, 0.0])
    assert by_half_hour[46:51, 0].tolist() == pytest.approx([0.5, 0.8, 0.5, 0.2, 0.0])


def test_the_response_is_recovered_from_a_world_played_three_times() -> None:
    street = simulated_street()
    schedule = draw_schedule(replace(SMALL, window_min=30), start=START, time_zone="UTC", seed=3)
    arms = np.array([window.arm is Arm.CANDIDATE for window in schedule.windows])
    effect = street.revenue * 0.9, street.revenue * (1 - 0.1 * felt(arms.astype(float), 30, street.response))
    found = response_of(street.revenue, *effect, arms.reshape(4, 48), 6)
    assert found.tolist() == pytest.approx([*RESPONSE, 0, 0], abs=1e-9)


def test_a_windows_revenue_on_a_street_counts_from_the_washout() -> None:
    plan = replace(SMALL, washout_min=30)
    street = SimulatedStreet(np.arange(4 * 288, dtype=float).reshape(4, 288), np.array([1.0]))
    table, values, truth = run_on_street(draw_schedule(plan, start=START, time_zone="UTC", seed=1), street, 0.0)
    assert truth == 0.0
    assert values[0] == pytest.approx(sum(range(6, 12)) / 30)
    assert values[-1] == pytest.approx(sum(range(4 * 288 - 6, 4 * 288)) / 30)
    assert (table.day == np.arange(96) // 24).all()


def test_scores_come_from_the_errors_made_and_grow_with_the_noise() -> None:
    quiet, loud = (
        score_design(SMALL, [simulated_street(seed, noise=noise) for seed in range(2)], effect_pct=3.0, experiments=6, seed=1)
        for noise in (0.02, 0.2)
    )
    assert loud.standard_error_pct > 4 * quiet.standard_error_pct
    assert loud.detectable_pct > 4 * quiet.detectable_pct
    assert loud.days_for_one_pct > quiet.days_for_one_pct
    assert abs(quiet.bias_pct) < 0.3
    assert quiet.chance_to_catch[-10.0] == 1.0
    assert quiet.chance_to_catch[-2.0] >= loud.chance_to_catch[-2.0]
    assert list(quiet.chance_to_catch.values()) == sorted(quiet.chance_to_catch.values())


def test_the_best_design_comes_first_and_the_same_seed_gives_the_same_scores() -> None:
    plans = [replace(SMALL, window_min=60), replace(SMALL, window_min=240)]
    streets = [simulated_street(noise=0.1)]
    scores = score_designs(plans, streets, effect_pct=1.0, experiments=5, seed=1)
    assert [score.plan for score in scores] == sorted(plans, key=lambda plan: _error(plan, streets))
    assert scores == score_designs(plans[::-1], streets, effect_pct=1.0, experiments=5, seed=1)


def _error(plan: SwitchbackPlan, streets: list[SimulatedStreet]) -> float:
    return score_design(plan, streets, effect_pct=1.0, experiments=5, seed=1).mean_squared_error


def test_candidate_designs_are_valid_plans_with_windows_from_half_an_hour_to_four() -> None:
    designs = list(candidate_designs(PLAN))
    assert {design.window_min for design in designs} == {30, 60, 120, 240}
    assert all(not design.faults() for design in designs)
    assert len(set(designs)) == len(designs)


def test_a_street_with_too_few_days_is_refused() -> None:
    with pytest.raises(ValueError, match="days of a street"):
        score_design(PLAN, [simulated_street()], effect_pct=1.0, experiments=1, seed=1)
