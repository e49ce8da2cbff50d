"""What a definition starts from follows production, before the sampler proposes anything, and counts towards the budget."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from tunegate.adapters.optuna.study import SearchStudy
from tunegate.domain.errors import BadInput
from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialState
from tunegate.search.answers import TrialToRun


def starting(toy: ModuleType, *gammas: float):
    points = tuple(Parameters({**toy.PRODUCTION, "gamma": gamma}) for gamma in gammas)
    return replace(toy.definition(), start=points)


def test_the_first_trials_are_production_and_the_start_in_order_and_the_budget_stays_exact(toy: ModuleType, url: str):
    definition = starting(toy, 0.91, 0.92, 0.93)
    study = SearchStudy.open(url, definition, toy.budget(10))
    toy.work(study, "w", fail_percent=20)
    trials = study.trials()
    proposals = {trial.proposal: trial.parameters for trial in reversed(trials)}
    assert [proposals[number] for number in range(4)] == [toy.PRODUCTION, *definition.start]
    assert sum(trial.state is TrialState.COMPLETE for trial in trials) == 10
    assert [trial.proposal for trial in trials[:4]] == [0, 1, 2, 3]


def test_opening_it_again_queues_nothing_twice_also_when_the_first_opening_died(toy: ModuleType, url: str):
    shorter, whole = starting(toy, 0.91), starting(toy, 0.91, 0.92)
    for _ in range(2):
        study = SearchStudy.open(url, whole, toy.budget(6))
    asked = study.ask("w")
    assert isinstance(asked, TrialToRun)
    assert asked.is_production
    again = SearchStudy.open(url, whole, toy.budget(6))
    assert [trial.proposal for trial in again.trials()] == [0, 1, 2]
    with pytest.raises(BadInput, match="start"):
        SearchStudy.open(url, shorter, toy.budget(6))
