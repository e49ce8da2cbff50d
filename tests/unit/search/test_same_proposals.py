from __future__ import annotations

from types import ModuleType
from typing import get_args

import pytest

from tunegate.adapters.optuna.study import SearchStudy
from tunegate.domain.parameters import Parameters
from tunegate.domain.trials import TrialState
from tunegate.search.answers import TrialToRun
from tunegate.search.definition import SamplerName

SAMPLERS: list[SamplerName] = list(get_args(SamplerName))


def proposals(study: SearchStudy) -> list[Parameters]:
    """The parameters of each proposal, in order."""
    return list({record.proposal: record.parameters for record in study.trials()}.values())


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_worker_and_one_seed_give_the_same_trials(
    toy: ModuleType, tmp_path_factory: pytest.TempPathFactory, sampler: str
) -> None:
    runs = []
    for seed in (7, 7, 8):
        url = f"journal://{tmp_path_factory.mktemp('run')}/study.journal"
        study = SearchStudy.open(url, toy.definition(sampler, seed=seed), toy.budget(20))
        toy.work(study, "w", fail_percent=20)
        runs.append(proposals(study))
    assert runs[0] == runs[1]
    assert runs[0][0] == runs[2][0] == toy.PRODUCTION
    assert not set(runs[0][1:6]) & set(runs[2][1:6])  # later on, both may have found the optimum


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("killed_at", [0, 1, 5, 16])
def test_a_killed_and_resumed_campaign_proposes_what_an_uninterrupted_one_would(
    toy: ModuleType, tmp_path_factory: pytest.TempPathFactory, sampler: str, killed_at: int
) -> None:
    straight = SearchStudy.open(f"journal://{tmp_path_factory.mktemp('a')}/s", toy.definition(sampler), toy.budget(20))
    toy.work(straight, "w")

    url = f"journal://{tmp_path_factory.mktemp('b')}/s"
    killed = SearchStudy.open(url, toy.definition(sampler), toy.budget(killed_at or 2))
    if killed_at:
        toy.work(killed, "w")
    killed = SearchStudy.open(url, toy.definition(sampler), toy.budget(20))
    assert isinstance(killed.ask("w"), TrialToRun)  # dies here
    resumed = SearchStudy.open(url, toy.definition(sampler), toy.budget(20))
    assert resumed.recover_interrupted() == 1
    toy.work(resumed, "w")

    assert proposals(resumed) == proposals(straight)
    assert [record.state for record in resumed.trials()].count(TrialState.INTERRUPTED) == 1


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_proposal_lies_in_the_space_and_keeps_what_is_not_searched(toy: ModuleType, url: str, sampler: str) -> None:
    study = SearchStudy.open(url, toy.definition(sampler), toy.budget(40))
    toy.work(study, "w")
    for parameters in proposals(study):
        assert 0.0 <= parameters["gamma"] <= 1.0
        assert 30.0 <= parameters["max_wait_s"] <= 1200.0
        assert parameters["sweeps"] in range(1, 9)
        assert isinstance(parameters["sweeps"], int)
        assert parameters["unsearched"] == 7.0


def test_tpe_learns_where_the_optimum_is(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition("tpe"), toy.budget(60))
    toy.work(study, "w")
    late = proposals(study)[40:]
    assert sum(abs(point["gamma"] - 0.3) < 0.2 for point in late) > len(late) / 2
