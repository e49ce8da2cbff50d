from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.study import create_study
from optuna.trial import FrozenTrial, TrialState, create_trial

from tunegate.adapters.optuna.gp_sampler import MOST_VALUES, Seen, learn, most_promising, on_grid, read_study, standardised
from tunegate.adapters.optuna.study import Asked, SearchStudy
from tunegate.domain.errors import FailureClass
from tunegate.search.cube import from_cube, to_cube

SPACE: dict[str, BaseDistribution] = {
    "gamma": FloatDistribution(0.0, 1.0),
    "sweeps": IntDistribution(1, 8),
    "wait": FloatDistribution(30.0, 1200.0, log=True),
}


def test_the_cube_holds_every_value_and_gives_it_back() -> None:
    study = create_study(sampler=RandomSampler(seed=3))
    for _ in range(50):
        values = study.ask(SPACE).params
        back = from_cube(to_cube(values, SPACE), SPACE)
        assert back == pytest.approx(values, rel=1e-12)
        assert isinstance(back["sweeps"], int)
    assert from_cube(np.zeros(3), SPACE) == {"gamma": 0.0, "sweeps": 1, "wait": pytest.approx(30.0)}
    assert from_cube(np.ones(3), SPACE) == {"gamma": 1.0, "sweeps": 8, "wait": pytest.approx(1200.0)}


def test_candidates_are_what_would_be_proposed() -> None:
    points = np.random.default_rng(1).random((20, 3))
    snapped = on_grid(points, SPACE)
    for point in snapped:
        np.testing.assert_allclose(to_cube(from_cube(point, SPACE), SPACE), point, atol=1e-9)
    np.testing.assert_allclose(snapped[:, [0, 2]], points[:, [0, 2]], atol=1e-4)


def test_it_finds_the_optimum_of_a_noisy_function_sooner_than_random_search(
    toy: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> None:
    missed = {}
    for sampler in ("gp", "random"):
        url = f"journal://{tmp_path_factory.mktemp(sampler)}/s"
        study = SearchStudy.open(url, toy.definition(sampler), toy.budget(30))
        toy.work(study, "w")
        best = toy.revenue({"gamma": 0.3, "max_wait_s": 1200.0, "sweeps": 8})
        missed[sampler] = best - toy.revenue(study.top_k(1)[0].parameters)
    assert 0 <= missed["gp"] < 20 < missed["random"]


def test_workers_that_ask_at_once_get_different_proposals(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition("gp"), toy.budget(30))
    for _ in range(20):
        asked = study.ask("w")
        assert isinstance(asked, Asked)
        study.tell_complete(asked.number, toy.revenue(asked.parameters), 1, 0.1)
    together = [study.ask(f"w{worker}") for worker in range(5)]
    assert len({asked.parameters.digest for asked in together if isinstance(asked, Asked)}) == 5


def test_parameters_that_failed_are_not_asked_for_again(toy: ModuleType, url: str) -> None:
    """Everything below gamma 0.35 is refused, and the optimum lies at 0.3."""
    study = SearchStudy.open(url, toy.definition("gp"), toy.budget(25))
    refused = []
    while isinstance(asked := study.ask("w"), Asked):
        if asked.parameters["gamma"] < 0.35 and not asked.is_production:
            refused.append(asked.parameters)
            study.tell_failed(asked.number, "gamma is too low", FailureClass.PERMANENT)
        else:
            study.tell_complete(asked.number, toy.revenue(asked.parameters), 1, 0.1)
    assert len(set(refused)) == len(refused) < 15


def test_trials_are_read_in_one_order_and_running_or_failed_ones_have_their_place() -> None:
    def trial(gamma: float, state: TrialState, value: float | None = None) -> FrozenTrial:
        params = {"gamma": gamma, "sweeps": 1, "wait": 100.0}
        return create_trial(state=state, params=params, distributions=SPACE, value=value)

    trials = [
        trial(0.8, TrialState.COMPLETE, 5.0),
        trial(0.2, TrialState.COMPLETE, 7.0),
        trial(0.5, TrialState.RUNNING),
        trial(0.9, TrialState.FAIL),
        trial(0.5, TrialState.FAIL),  # its retry is running
    ]
    seen = read_study(trials, SPACE)
    again = read_study(trials[::-1], SPACE)
    assert seen.points[:, 0].tolist() == again.points[:, 0].tolist() == [0.2, 0.8, 0.9]
    assert seen.values.tolist() == again.values.tolist() == [7.0, 5.0, 5.0]
    assert seen.pending[:, 0].tolist() == [0.5]


def test_a_pruned_trial_counts_by_its_days_and_not_by_which_days_they_were() -> None:
    """Day 0 is a busy one: 10 % below the others on it alone is 10 % below them."""

    def trial(gamma: float, state: TrialState, daily: list[float]) -> FrozenTrial:
        params = {"gamma": gamma, "sweeps": 1, "wait": 100.0}
        value = float(np.mean(daily)) if state is TrialState.COMPLETE else None
        by_day = dict(enumerate(daily))
        return create_trial(state=state, params=params, distributions=SPACE, value=value, intermediate_values=by_day)

    complete = [trial(0.1, TrialState.COMPLETE, [210.0, 90.0]), trial(0.2, TrialState.COMPLETE, [190.0, 110.0])]
    seen = read_study([*complete, trial(0.3, TrialState.PRUNED, [180.0])], SPACE)
    assert seen.values.tolist() == [150.0, 150.0, 130.0]


def test_hopeless_values_do_not_hide_the_differences_at_the_top() -> None:
    good = np.linspace(0.0, 1.0, 20)
    alone, beside = standardised(good), standardised(np.append(good, -1e6))
    assert np.ptp(beside[:20]) > 0.5 * np.ptp(alone)
    assert standardised(np.ones(5)).tolist() == [0.0] * 5


def test_a_long_search_is_learnt_from_a_part_that_holds_its_best() -> None:
    random = np.random.default_rng(2)
    points = random.random((MOST_VALUES + 100, 2))
    values = -((points - 0.4) ** 2).sum(axis=1)
    posterior = learn(Seen(points, values, np.empty((0, 2))))
    assert len(posterior.points) == MOST_VALUES
    assert points[values.argmax()].tolist() in posterior.points.tolist()
    proposed = most_promising(Seen(points, values, np.empty((0, 2))), random, lambda found: found)
    assert np.abs(proposed - 0.4).max() < 0.05


def test_a_trial_that_was_lucky_is_not_the_first_of_the_finalists(toy: ModuleType, url: str) -> None:
    """One trial beside the optimum is planted far above its neighbours, which share its place but not its luck."""
    study = SearchStudy.open(url, toy.definition("qmc"), toy.budget(60))
    lucky = None
    while isinstance(asked := study.ask("w"), Asked):
        luck = 12_000.0 if 0.5 < asked.parameters["gamma"] < 0.6 and asked.number > 20 and lucky is None else 0.0
        lucky = asked.number if luck else lucky
        own_noise = 3_000.0 * np.random.default_rng(asked.number).standard_normal()
        study.tell_complete(asked.number, toy.revenue(asked.parameters) + luck + own_noise, 1, 0.1)
    seen = sorted(study.trials(), key=lambda trial: -(trial.revenue_minor_per_day or 0.0))
    finalists = study.top_k(60)
    assert len(finalists) == 59, "all but production"
    assert [trial.number for trial in seen].index(lucky) < [trial.number for trial in finalists].index(lucky)
    assert toy.revenue(finalists[0].parameters) >= toy.revenue(seen[0].parameters)
