"""The Bayesian computation on toys with known answers, and the priors that it draws from."""

from __future__ import annotations

import numpy as np
import pytest

from hailsim.calibration.figures import BLOCKS, CELL_GROUPS, FigureSpec, Scale, cell_groups, figure_specs, figures_of
from hailsim.calibration.posterior import (
    DISCREPANCY,
    accept,
    fit_regression,
    misfits,
    reachable_figures,
    weighted_quantiles,
)
from hailsim.calibration.unknowns import declared_unknowns, draw, read_unknown, read_unknowns, sobol
from hailsim.faults import BadInput
from hailsim.validation.compare import ComparisonSide
from hailsim.validation.simulated import Pickups

DRAWS = 512
LEVELS = (0.05, 0.95)


def toy(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Figures of two unknowns: one moved by the first, one by both, one by neither; a third unknown moves nothing."""
    noise = rng.normal(0.0, 0.02, (len(shares), 3))
    return np.column_stack([2.0 * shares[:, 0], shares[:, 0] + 3.0 * shares[:, 1], np.zeros(len(shares))]) + noise


def test_the_regression_knows_which_unknowns_the_figures_explain() -> None:
    shares = sobol(DRAWS, 3, seed=5)
    figures = toy(shares, np.random.default_rng(1))
    regression = fit_regression(figures, shares, np.ones(3, np.bool_))
    assert regression.informative.tolist() == [True, True, False]
    assert (regression.r_squared[:2] > 0.95).all()
    assert regression.r_squared[2] < 0.02
    assert regression.predict(figures)[:, 0] == pytest.approx(shares[:, 0], abs=0.15)


def test_differences_below_the_discrepancy_explain_nothing() -> None:
    shares = sobol(DRAWS, 1, seed=5)
    faint = fit_regression(0.05 * shares, shares, np.ones(1, np.bool_))
    assert faint.r_squared[0] < 0.05
    strong = fit_regression(20.0 * DISCREPANCY * shares, shares, np.ones(1, np.bool_))
    assert strong.r_squared[0] > 0.95


def test_the_posterior_of_a_toy_covers_the_true_value_and_is_narrower_than_the_prior() -> None:
    shares = sobol(DRAWS, 3, seed=5)
    figures = toy(shares, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    true_shares = rng.random((200, 3))
    covered, width = np.zeros(3), np.zeros(3)
    for true, observed in zip(true_shares, toy(true_shares, rng), strict=True):
        regression = fit_regression(figures, shares, np.array([True, True, False]))
        accepted = accept(misfits(regression, figures, observed), 16)
        for unknown in range(3):
            low, high = weighted_quantiles(shares[accepted.draws, unknown], accepted.weights, LEVELS)
            covered[unknown] += low <= true[unknown] <= high
            width[unknown] += high - low
    assert (covered / 200 >= 0.85).all()
    assert (width[:2] / 200 < 0.5).all()
    assert width[2] / 200 > 0.8


def test_accepted_draws_are_the_nearest_and_the_next_one_sets_the_tolerance() -> None:
    accepted = accept(np.array([3.0, 1.0, 0.0, 2.0, 4.0]), 3)
    assert accepted.draws.tolist() == [2, 1, 3]
    assert accepted.misfits.tolist() == [0.0, 1.0, 2.0]
    assert accepted.tolerance == 3.0
    expected = np.array([1.0, 1.0 - 1 / 9, 1.0 - 4 / 9])
    assert accepted.weights == pytest.approx(expected / expected.sum())


def test_draws_at_equal_misfits_weigh_the_same_and_none_is_lost() -> None:
    for misfit in (0.0, 2.0):
        assert accept(np.full(9, misfit), 4).weights == pytest.approx(np.full(4, 0.25))


def test_a_figure_outside_the_draws_or_without_records_is_left_out() -> None:
    figures = np.column_stack([np.linspace(0, 1, 101)] * 3 + [np.full(101, 0.5)])
    observed = np.array([0.5, 1.2, np.nan, 0.5])
    assert reachable_figures(figures, observed).tolist() == [True, False, False, False]


def test_quantiles_of_equal_weights_cover_as_order_statistics_do() -> None:
    # Of 16 uniform points a 17th lies below the lowest with a chance of 1/17.
    shares = np.arange(1, 17) / 17
    assert weighted_quantiles(shares, np.ones(16), (0.05, 0.5, 0.95)) == pytest.approx([0.05, 0.5, 0.95])
    assert weighted_quantiles(np.full(3, 0.4), np.array([1.0, 5.0, 2.0]), (0.5,)) == pytest.approx([0.4])


def test_one_heavy_world_pulls_the_median_to_itself() -> None:
    shares = np.array([0.1, 0.2, 0.8])
    assert weighted_quantiles(shares, np.array([1.0, 1.0, 8.0]), (0.5,))[0] > 0.55
    assert weighted_quantiles(shares, np.array([8.0, 1.0, 1.0]), (0.5,))[0] < 0.35


def test_a_prior_is_even_on_its_scale_and_shares_are_its_inverse() -> None:
    unknowns = {unknown.name: unknown for unknown in declared_unknowns()}
    patience = unknowns["patience_s"]
    assert patience.values(np.array([0.0, 0.5, 1.0])) == pytest.approx([150.0, np.sqrt(150.0 * 1800.0), 1800.0], rel=1e-5)
    for unknown in unknowns.values():
        shares = np.array([0.0, 0.25, 0.9, 1.0])
        assert unknown.shares(unknown.values(shares)) == pytest.approx(shares, abs=1e-4)
    assert {name for name, unknown in unknowns.items() if unknown.about_adoption} == {"follower_share", "compliance"}


def test_draws_fill_the_prior_evenly_and_repeat_by_seed() -> None:
    unknowns = declared_unknowns()
    values = draw(unknowns, 64, seed=3)
    for place, unknown in enumerate(unknowns):
        shares = unknown.shares(values[:, place])
        assert np.bincount((shares * 8).astype(int).clip(0, 7), minlength=8).tolist() == [8] * 8
    assert (draw(unknowns, 64, seed=3) == values).all()
    assert not (draw(unknowns, 64, seed=4) == values).any()


def test_whole_numbers_stay_whole() -> None:
    taxis = read_unknown("taxis=10..500:log")
    assert taxis.whole
    values = taxis.values(np.linspace(0, 1, 50))
    assert (values == np.rint(values)).all()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("standing_share", "NAME=LOW..HIGH"),
        ("standing_share=0.1", "NAME=LOW..HIGH"),
        ("standing_share=a..b", "NAME=LOW..HIGH"),
        ("standing_share=0.1..0.2:lin", "NAME=LOW..HIGH"),
        ("standng_share=0.1..0.2", "`hailsim describe` lists"),
        ("standing_share=0.3..0.2", "low < high"),
        ("standing_share=0.2..0.2", "low < high"),
        ("standing_share=0.2..0.95", "bounds of its setting"),
        ("standing_share=-0.1..0.5", "bounds of its setting"),
        ("standing_share=0..0.5:log", "above 0"),
        ("standing_share=nan..0.5", "low < high"),
    ],
)
def test_a_range_that_cannot_be_is_refused(text: str, rule: str) -> None:
    with pytest.raises(BadInput, match=rule):
        read_unknown(text)


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        ([], "a list `unknowns`"),
        ({"unknowns": []}, "a list `unknowns`"),
        ({"unknowns": [{"name": "patience_s", "low": 1}]}, "numbers low and high"),
        ({"unknowns": ["patience_s"]}, "numbers low and high"),
        ({"unknowns": [{"name": "patience", "low": 100, "high": 200}]}, "`hailsim describe` lists"),
        ({"unknowns": [{"name": "patience_s", "low": 100, "high": 200}] * 2}, "named once"),
    ],
)
def test_an_unsound_prior_document_is_refused_with_its_place(document: object, rule: str) -> None:
    with pytest.raises(BadInput, match=rule) as refused:
        read_unknowns(document, "prior.json")
    assert refused.value.faults[0].place.startswith("prior.json")


def test_cells_are_grouped_with_about_as_many_pickups_each() -> None:
    pickups = np.random.default_rng(4).pareto(1.5, 300) * 10
    group = cell_groups(pickups)
    share = np.bincount(group, pickups) / pickups.sum()
    assert len(share) == CELL_GROUPS
    assert share == pytest.approx(np.full(CELL_GROUPS, 1 / CELL_GROUPS), abs=0.1)
    assert pickups[group == 0].min() > pickups[group == CELL_GROUPS - 1].max()


def test_figures_without_cab_records_are_missing_and_the_others_are_there() -> None:
    pickups = Pickups(np.arange(24), np.array([100, 100, 76]))
    found = figures_of(ComparisonSide([pickups], []), np.array([0, 1, 2]))
    specs = figure_specs(4)
    assert len(found) == len(specs)
    missing = {spec.name for spec, value in zip(specs, found, strict=True) if np.isnan(value)}
    assert {name for name in missing if "pickups" in name or "trips" in name} == set()
    assert len(missing) == len(specs) - 1 - BLOCKS - CELL_GROUPS
    assert specs[0].natural(found[0]) == pytest.approx(276)
    assert specs[8].name == "pickups 04h to 07h"


def test_a_figure_is_shown_in_its_own_unit() -> None:
    assert FigureSpec("occupied share", "%", Scale.LOGIT).natural(0.0) == pytest.approx(50.0)
    assert FigureSpec("pickups", "%").natural(float(np.log(0.2))) == pytest.approx(20.0)
    assert FigureSpec("search, mean", "s").natural(float(np.log(300.0))) == pytest.approx(300.0)
