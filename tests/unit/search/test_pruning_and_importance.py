from __future__ import annotations

from types import ModuleType

import pytest

from tests.unit.search.conftest import IN_FILE_AND_SERVER
from tunegate.adapters.optuna.importance import MINIMUM_TRIALS
from tunegate.adapters.optuna.study import SearchStudy
from tunegate.domain.trials import TrialState
from tunegate.search.answers import TrialToRun

BUSY_FIRST = (2000.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0)


def run_trial(study: SearchStudy, daily: tuple[float, ...]) -> int:
    """Report days until the study says stop; how many days were simulated."""
    asked = study.ask("w")
    assert isinstance(asked, TrialToRun)
    for step, revenue_minor in enumerate(daily):
        if study.report_day(asked.number, step, revenue_minor):
            study.tell_pruned(asked.number, step + 1, 0.1)
            return step + 1
    study.tell_complete(asked.number, sum(daily) / len(daily), len(daily), 0.1)
    return len(daily)


def scaled(factor: float) -> tuple[float, ...]:
    """Every day better or worse by the same factor, with a little noise of the day."""
    return tuple(revenue * factor + step for step, revenue in enumerate(BUSY_FIRST))


@pytest.mark.parametrize("pruner", ["wilcoxon", "median"])
def test_a_clearly_worse_trial_stops_early_and_a_better_one_does_not(toy: ModuleType, url: str, pruner: str) -> None:
    study = SearchStudy.open(url, toy.definition(pruner=pruner), toy.budget(20))
    for factor in (1.0, 1.01, 1.02, 1.03, 1.04, 1.05):
        assert run_trial(study, scaled(factor)) == 6
    assert run_trial(study, scaled(0.9)) < 6
    assert run_trial(study, scaled(1.1)) == 6
    assert [record.state for record in study.trials()[-2:]] == [TrialState.PRUNED, TrialState.COMPLETE]


def test_without_a_pruner_nothing_stops(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(pruner="none"), toy.budget(10))
    assert [run_trial(study, scaled(factor)) for factor in (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 0.1)] == [6] * 7


def test_production_is_never_pruned(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(pruner="median"), toy.budget(20))
    production = study.ask("slow")
    assert isinstance(production, TrialToRun)
    for factor in (1.0, 1.01, 1.02, 1.03, 1.04, 1.05):
        run_trial(study, scaled(factor))
    assert not any(study.report_day(production.number, step, 1.0) for step in range(6))


@IN_FILE_AND_SERVER
def test_pruned_trials_do_not_count_and_pruning_ends_after_as_many_as_the_budget(toy: ModuleType, url: str) -> None:
    trials = 7
    study = SearchStudy.open(url, toy.definition(pruner="median"), toy.budget(trials))
    for factor in (1.0, 1.01, 1.02, 1.03, 1.04, 1.05):
        run_trial(study, scaled(factor))
    assert [run_trial(study, scaled(0.9)) for _ in range(trials)] == [1] * trials
    assert run_trial(study, scaled(0.9)) == 6
    states = [record.state for record in study.trials()]
    assert states.count(TrialState.COMPLETE) == trials
    assert states.count(TrialState.PRUNED) == trials


def test_the_best_never_include_a_pruned_trial(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(pruner="median"), toy.budget(20))
    for factor in (1.0, 1.01, 1.02, 1.03, 1.04, 1.05):
        run_trial(study, scaled(factor))
    run_trial(study, (1999.0,) * 6)
    assert study.trials()[-1].state is TrialState.PRUNED
    assert [record.number for record in study.top_k(9)] == [5, 4, 3, 2, 1]


def test_importance_names_the_parameter_that_matters_and_says_nothing_of_too_few_trials(toy: ModuleType, url: str) -> None:
    few = SearchStudy.open(url, toy.definition("random"), toy.budget(MINIMUM_TRIALS - 1))
    toy.work(few, "w")
    assert few.importance() is None
    enough = SearchStudy.open(url, toy.definition("random"), toy.budget(40))
    toy.work(enough, "w")
    shares = enough.importance()
    assert shares is not None
    assert set(shares) == {"gamma", "max_wait_s", "sweeps"}
    assert next(iter(shares)) == "gamma"
    assert sum(shares.values()) == pytest.approx(1.0)


def test_importance_is_unknown_where_all_trials_are_alike(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition("random"), toy.budget(MINIMUM_TRIALS))
    for _ in range(MINIMUM_TRIALS):
        run_trial(study, (1000.0,))
    assert study.importance() is None
