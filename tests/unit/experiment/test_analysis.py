"""The analysis: unbiased beside hours, days and carry-over; intervals that hold at every look; agreement with plain oracles."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tests.synthetic.streets import PLAN, after, street
from tunegate.domain.days import Arm
from tunegate.experiment.analysis import (
    EffectEstimate,
    critical_value,
    crossing_probability,
    estimate_effect,
    felt_shares,
    two_way_fit,
)
from tunegate.experiment.evidence import ExperimentEvidence, window_table


def effect_of(evidence: ExperimentEvidence, days: int = 14) -> EffectEstimate:
    table = window_table(evidence.schedule, evidence.within(days))
    found = estimate_effect(evidence.schedule, table, table.revenue_per_min, level=evidence.schedule.plan.level)
    assert found is not None
    return found


def plain_effect(evidence: ExperimentEvidence) -> float:
    """The same coefficient from one explicit design matrix and the normal equations of weighted least squares."""
    schedule, plan = evidence.schedule, evidence.schedule.plan
    revenue = {row.window_start: row.revenue_minor for row in evidence.observations}
    windows = schedule.windows
    place = [schedule.local_slot(window) for window in windows]
    values = np.array([revenue[window.start_utc] / window.minutes for window in windows])
    # Poisson regression on days and slots has the same fitted values; here by proportional fitting to convergence.
    table = dict.fromkeys(place, 1.0)
    for _ in range(60):
        for axis in (0, 1):
            for level in {cell[axis] for cell in place}:
                cells = [cell for cell in place if cell[axis] == level]
                wanted = sum(value for cell, value in zip(place, values, strict=True) if cell[axis] == level)
                factor = wanted / sum(table[cell] for cell in cells)
                for cell in set(cells):
                    table[cell] *= factor
    usual = np.array([table[cell] for cell in place])
    columns = [[1.0 if day == each else 0.0 for day, _ in place] for each in range(plan.days)]
    columns += [[1.0 if minute == each else 0.0 for _, minute in place] for each in sorted({m for _, m in place})]
    columns += [
        [np.cos(np.pi * order * (minute + plan.window_min / 2) / 1440) if day == each else 0.0 for day, minute in place]
        for each in range(plan.days)
        for order in (1, 2, 3, 4)
    ]
    arms = [1.0 if window.arm is Arm.CANDIDATE else 0.0 for window in windows]
    # By the half hour: 0.8 of the effect at once, then 0.12, 0.06, 0.02. Of an hour's two halves, the first feels 0.8 of the
    # hour's own arm, the second 0.92; the hour before is felt with 0.12 + 0.06 and 0.06 + 0.02, the one before it with 0.02.
    before = [0.0, *arms[:-1]]
    long_before = [0.0, 0.0, *arms[:-2]]
    treatment = [
        (0.8 + 0.92) / 2 * own + (0.18 + 0.08) / 2 * one + 0.02 / 2 * two
        for own, one, two in zip(arms, before, long_before, strict=True)
    ]
    design = np.array([*columns, treatment]).T
    root = np.sqrt(usual)
    coefficients = np.linalg.pinv(design * root[:, None]) @ ((values / usual) * root)
    effect = coefficients[-1]
    share = (np.array(arms) * usual).sum() / usual.sum()
    return 100 * effect / (1 - share * effect)


def test_the_effect_is_the_coefficient_of_an_explicit_regression() -> None:
    plan = replace(PLAN, days=4, looks=(4,))
    evidence = street(-6.0, plan=plan)
    assert effect_of(evidence, 4).interval.estimate_pct == pytest.approx(plain_effect(evidence), abs=1e-6)


def test_a_known_effect_is_found_without_bias_although_a_part_of_it_comes_late() -> None:
    found = [effect_of(street(-8.0, seed=seed)).interval.estimate_pct for seed in range(8)]
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) + 8.0) < 4 * error
    assert error < 0.6


@pytest.mark.parametrize("carry_over", [0.0, 0.3])
def test_another_carry_over_than_assumed_scales_the_effect_by_at_most_a_quarter_and_makes_none_of_nothing(
    carry_over: float,
) -> None:
    found = [effect_of(street(-8.0, seed=seed, carry_over=carry_over)).interval.estimate_pct for seed in range(8)]
    assert 0.75 < np.mean(found) / -8.0 < 1.25
    assert effect_of(street(0.0, carry_over=carry_over)) == effect_of(street(0.0))


def test_the_interval_holds_at_all_looks_together_about_as_often_as_it_says() -> None:
    held, plan = 0, replace(PLAN, window_min=120)
    for seed in range(60):
        evidence = street(0.0, seed=seed, plan=plan)
        intervals = [effect_of(after(evidence, look), look).interval for look in PLAN.looks]
        held += all(interval.low_pct <= 0.0 <= interval.high_pct for interval in intervals)
    # Binomial with 60 trials and a chance of 0.9: below this once in a thousand.
    assert 46 <= held < 60


def test_p_values_are_small_for_an_effect_and_uniform_without_one() -> None:
    assert effect_of(street(-8.0)).p_value < 0.005
    values = [effect_of(street(0.0, seed=seed, plan=replace(PLAN, days=4, looks=(4,))), 4).p_value for seed in range(60)]
    assert 0.3 < np.mean(values) < 0.7
    assert np.mean(np.array(values) < 0.2) < 0.4


def test_critical_values_agree_with_simulated_looks() -> None:
    rng = np.random.default_rng(7)
    times = np.array(PLAN.looks) / 14
    steps = rng.normal(size=(400_000, 3)) * np.sqrt(np.diff(times, prepend=0.0))
    largest = np.abs(steps.cumsum(axis=1) / np.sqrt(times)).max(axis=1)
    critical = critical_value(PLAN, 0.1)
    assert np.mean(largest > critical) == pytest.approx(0.1, abs=0.002)
    assert critical_value(replace(PLAN, looks=(14,)), 0.1) == pytest.approx(1.6449, abs=1e-4)
    # Pocock's constants for two, three and five equally spaced looks at 0.1 and 0.05 (Jennison and Turnbull 2000, table 2.1).
    for looks, level, published in ((2, 0.1, 1.875), (3, 0.1, 1.992), (5, 0.1, 2.122), (5, 0.05, 2.413)):
        assert critical_value(replace(PLAN, looks=tuple(range(1, looks + 1))), level) == pytest.approx(published, abs=2e-3)
    assert crossing_probability(np.array([0.5, 1.0]), 1.875) == pytest.approx(0.1, abs=5e-4)


@pytest.mark.parametrize(
    ("window_min", "washout_min", "shares"),
    [
        (30, 0, [0.8, 0.12, 0.06, 0.02]),
        (60, 0, [0.86, 0.13, 0.01]),
        (60, 30, [0.92, 0.08]),
        (240, 0, [0.9625, 0.0375]),
        (240, 120, [1.0]),
    ],
)
def test_a_window_feels_its_own_arm_and_a_part_of_those_before(window_min: int, washout_min: int, shares: list[float]) -> None:
    found = felt_shares(replace(PLAN, window_min=window_min, washout_min=washout_min))
    assert found.tolist()[: len(shares)] == pytest.approx(shares)
    assert found.sum() == pytest.approx(1.0)


def test_a_two_way_fit_has_the_observed_sums_also_with_windows_missing() -> None:
    rng = np.random.default_rng(3)
    day, slot = np.repeat(np.arange(5), 6), np.tile(np.arange(6), 5)
    values = rng.gamma(3.0, size=30)
    keep = np.arange(30) % 7 != 3
    day, slot, values = day[keep], slot[keep], values[keep]
    fitted = two_way_fit(day, slot, values)
    for each in range(6):
        assert fitted[slot == each].sum() == pytest.approx(values[slot == each].sum())
    assert fitted[day == 2].sum() == pytest.approx(values[day == 2].sum(), rel=1e-6)


def test_days_on_which_the_clocks_change_do_not_bias_the_effect() -> None:
    estimates = [
        effect_of(street(-8.0, seed=seed, zone="America/Los_Angeles", start=date(2026, 10, 26))).interval.estimate_pct
        for seed in range(8)
    ]
    assert abs(np.mean(estimates) + 8.0) < 1.5


def test_what_cannot_be_computed_is_none_and_never_zero() -> None:
    evidence = street()
    table = window_table(evidence.schedule, evidence.within(14))

    def estimated(values: np.ndarray, *, relative: bool = True) -> EffectEstimate | None:
        return estimate_effect(evidence.schedule, table, values, level=0.1, relative=relative)

    revenue = table.revenue_per_min
    assert estimated(np.where(table.day == 3, np.nan, revenue)) is None
    assert estimated(np.zeros(len(revenue))) is None
    assert estimated(-revenue) is None
    assert estimated(np.full(len(revenue), 5.0)) is None
    assert estimated(np.full(len(revenue), 5.0), relative=False) is None
    one_window = window_table(evidence.schedule, replace(evidence, observations=evidence.observations[:1]).within(14))
    assert estimate_effect(evidence.schedule, one_window, one_window.revenue_per_min, level=0.1) is None
    assert len(window_table(evidence.schedule, replace(evidence, observations=()).within(14)).day) == 0


def test_windows_without_revenue_at_night_are_no_obstacle() -> None:
    evidence = street(-8.0)
    rows = [
        replace(row, revenue_minor=0) if (row.window_start + timedelta(hours=9)).hour in {3, 4} else row
        for row in evidence.observations
    ]
    assert -12 < effect_of(replace(evidence, observations=tuple(rows))).interval.estimate_pct < -4


def test_the_same_evidence_gives_the_same_bits_whatever_the_order_of_the_rows() -> None:
    evidence = street(-2.0)
    turned = replace(evidence, observations=tuple(reversed(evidence.observations)))
    assert effect_of(evidence) == effect_of(turned)
