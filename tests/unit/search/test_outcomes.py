from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.search.conftest import IN_FILE_AND_SERVER
from tunegate.adapters.optuna.study import SearchStudy
from tunegate.domain.errors import BadInput, FailureBudgetSpent, FailureClass, SimulationFailed
from tunegate.domain.trials import TrialState
from tunegate.search.answers import TrialToRun, WaitForOthers

TRANSIENT, PERMANENT, INFRASTRUCTURE = FailureClass.TRANSIENT, FailureClass.PERMANENT, FailureClass.INFRASTRUCTURE


def ask(study: SearchStudy, worker: str = "w") -> TrialToRun:
    asked = study.ask(worker)
    assert isinstance(asked, TrialToRun)
    return asked


def complete_production(study: SearchStudy, revenue_minor: float = 1000.0) -> None:
    asked = ask(study)
    assert asked.is_production
    study.tell_complete(asked.number, revenue_minor, simulated_days=2, simulation_s=0.1)


def test_a_transient_failure_is_tried_again_with_the_same_parameters_until_the_attempts_are_spent(
    toy: ModuleType, url: str
) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(attempts_per_trial=3))
    complete_production(study)
    attempts = []
    for _ in range(3):
        attempts.append(ask(study))
        study.tell_failed(attempts[-1].number, "hung", TRANSIENT)
    assert [(asked.proposal, asked.attempt) for asked in attempts] == [(1, 1), (1, 2), (1, 3)]
    assert len({asked.parameters.digest for asked in attempts}) == 1
    assert (ask(study).proposal, len(study.trials())) == (2, 5)


def test_a_permanent_failure_is_not_tried_again(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    complete_production(study)
    study.tell_failed(ask(study).number, "refused", PERMANENT)
    assert (ask(study).proposal, study.trials()[1].failure_class) == (2, PERMANENT)


@IN_FILE_AND_SERVER
def test_telling_twice_changes_nothing(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    complete_production(study)
    number = ask(study).number
    study.tell_complete(number, 1100.0, 2, 0.1)
    before = study.trials()
    study.tell_complete(number, 9999.0, 2, 0.1)
    study.tell_failed(number, "late", TRANSIENT)
    study.tell_pruned(number, 1, 0.1)
    assert study.trials() == before


@IN_FILE_AND_SERVER
def test_the_failure_budget_ends_the_campaign_with_the_reasons_most_frequent_first(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(failure_budget=3))
    complete_production(study)
    for reason in ("hung", "died", "died"):
        study.tell_failed(ask(study).number, reason, PERMANENT)
    with pytest.raises(FailureBudgetSpent) as spent:
        study.tell_failed(ask(study).number, "died", PERMANENT)
    assert (spent.value.failed, spent.value.budget) == (4, 3)
    assert spent.value.reasons == ("3 of 4: died", "1 of 4: hung")
    with pytest.raises(FailureBudgetSpent):
        study.ask("another worker")


@IN_FILE_AND_SERVER
def test_a_resumed_campaign_has_a_fresh_failure_budget(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(failure_budget=1))
    complete_production(study)
    study.tell_failed(ask(study).number, "died", PERMANENT)
    with pytest.raises(FailureBudgetSpent):
        study.tell_failed(ask(study).number, "died", TRANSIENT)
    resumed = SearchStudy.open(url, toy.definition(), toy.budget(failure_budget=1))
    resumed.recover_interrupted()
    again = ask(resumed)
    assert (again.proposal, again.attempt) == (2, 2)
    resumed.tell_failed(again.number, "died", TRANSIENT)
    with pytest.raises(FailureBudgetSpent) as spent:
        resumed.tell_failed(ask(resumed).number, "died", TRANSIENT)
    assert (spent.value.failed, spent.value.reasons) == (2, ("2 of 2: died",))


def test_recovering_one_worker_forgives_no_failure(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(failure_budget=0))
    complete_production(study)
    with pytest.raises(FailureBudgetSpent):
        study.tell_failed(ask(study).number, "died", TRANSIENT)
    study.recover_interrupted("w")
    with pytest.raises(FailureBudgetSpent):
        study.ask("another worker")


@pytest.mark.parametrize(("failure_class", "attempts"), [(PERMANENT, 1), (TRANSIENT, 2)])
def test_a_campaign_whose_production_cannot_be_simulated_ends_and_may_be_resumed(
    toy: ModuleType, url: str, failure_class: FailureClass, attempts: int
) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(attempts_per_trial=2))
    for _ in range(attempts - 1):
        study.tell_failed(ask(study).number, "refused", failure_class)
    with pytest.raises(SimulationFailed) as ended:
        study.tell_failed(ask(study).number, "refused", failure_class)
    assert ended.value.failure_class is PERMANENT
    assert ended.value.fault.value == "a failure: refused"
    with pytest.raises(SimulationFailed):
        study.ask("another worker")
    study.recover_interrupted()
    assert ask(study).is_production


@IN_FILE_AND_SERVER
def test_interrupted_trials_are_queued_again_and_cost_nothing_of_the_failure_budget(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(failure_budget=0))
    complete_production(study)
    lost = [ask(study, "a"), ask(study, "b")]
    assert study.recover_interrupted() == 2
    again = [ask(study), ask(study)]
    assert [asked.parameters for asked in again] == [asked.parameters for asked in lost]
    assert [(asked.proposal, asked.attempt) for asked in again] == [(1, 1), (2, 1)]
    assert [record.state for record in study.trials()[1:3]] == [TrialState.INTERRUPTED] * 2


@IN_FILE_AND_SERVER
def test_one_dead_worker_is_recovered_without_touching_the_others(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    complete_production(study)
    dead, alive = ask(study, "dead"), ask(study, "alive")
    assert study.recover_interrupted("dead") == 1
    assert ask(study, "next").parameters == dead.parameters
    study.tell_complete(alive.number, 1.0, 2, 0.1)
    assert study.trials()[alive.number].state is TrialState.COMPLETE


@IN_FILE_AND_SERVER
def test_a_result_that_comes_after_its_trial_was_given_up_is_ignored(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    asked = ask(study)
    study.recover_interrupted()
    study.tell_complete(asked.number, 1000.0, 2, 0.1)
    assert study.trials()[0].state is TrialState.INTERRUPTED
    assert study.trials()[1].state is TrialState.WAITING


@IN_FILE_AND_SERVER
def test_a_worker_waits_while_running_trials_may_still_fill_the_budget(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(trials=3))
    complete_production(study)
    first, _second = ask(study), ask(study)
    assert study.ask("idle") == WaitForOthers(running=2)
    study.tell_failed(first.number, "died", TRANSIENT)
    assert ask(study, "idle").parameters == first.parameters


def test_the_value_is_the_uplift_over_production_once_that_is_known(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    production, candidate = ask(study, "a"), ask(study, "b")
    study.tell_complete(candidate.number, 1030.0, 2, 0.25)
    assert [record.value_pct for record in study.trials()] == [None, None]
    study.tell_complete(production.number, 1000.0, 2, 0.25)
    assert [record.value_pct for record in study.trials()] == [0.0, pytest.approx(3.0)]
    assert (study.trials()[1].simulated_days, study.trials()[1].simulation_s) == (2, 0.25)


@IN_FILE_AND_SERVER
def test_the_best_are_distinct_complete_and_never_production(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(trials=9))
    complete_production(study, 50.0)
    for revenue_minor in (10.0, 30.0, 20.0, 30.0):
        study.tell_complete(ask(study).number, revenue_minor, 2, 0.1)
    study.tell_failed(ask(study).number, "died", PERMANENT)
    twin = study.trials()[2]
    study._closer.enqueue({name: twin.parameters[name] for name in ("gamma", "max_wait_s", "sweeps")}, proposal=9, attempt=1)
    study.tell_complete(ask(study).number, 40.0, 2, 0.1)
    best = [record.number for record in study.top_k(10)]
    assert best == [6, 4, 3, 1], "the twin of trial 2 earned most, and stands for both"
    assert [record.number for record in study.top_k(2)] == best[:2]


@pytest.mark.parametrize("sampler", ["gp", "qmc"])
def test_a_study_that_began_with_a_removed_sampler_can_be_read_but_not_continued(
    toy: ModuleType, url: str, sampler: str
) -> None:
    study = SearchStudy.open(url, toy.definition(sampler), toy.budget())
    complete_production(study)
    with pytest.raises(BadInput, match=rf"`{sampler}`, which was removed.*Begin a new campaign with sampler: tpe"):
        ask(study)
    reopened = SearchStudy.open(url, toy.definition(sampler), toy.budget())
    assert [record.state for record in reopened.trials()] == [TrialState.COMPLETE]


@IN_FILE_AND_SERVER
def test_times_are_in_utc_wherever_the_worker_is(toy: ModuleType, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        study = SearchStudy.open(url, toy.definition(), toy.budget())
        complete_production(study)
        record = SearchStudy.open(url, toy.definition(), toy.budget()).trials()[0]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert record.started_at is not None
    assert record.finished_at is not None
    assert record.started_at.utcoffset() == timedelta(0)
    assert timedelta(0) <= record.finished_at - record.started_at < timedelta(seconds=10)
    assert abs(datetime.now(UTC) - record.finished_at) < timedelta(minutes=1)


@IN_FILE_AND_SERVER
def test_a_study_is_not_resumed_under_another_definition(toy: ModuleType, url: str) -> None:
    SearchStudy.open(url, toy.definition(), toy.budget())
    with pytest.raises(BadInput) as refused:
        SearchStudy.open(url, toy.definition("random", first_day="2024-03-02"), toy.budget())
    assert [(fault.place, fault.value) for fault in refused.value.faults] == [
        ("objective.days (study toy)", '["2024-03-02"] now and ["2024-03-01"] when it began'),
        ("sampler (study toy)", '"random" now and "tpe" when it began'),
    ]
    assert "without --resume" in refused.value.faults[0].remedy


def test_a_storage_of_another_kind_is_refused_by_name(toy: ModuleType) -> None:
    with pytest.raises(BadInput, match=r"must be journal:///path, sqlite:///path or mysql.* one that begins with redis"):
        SearchStudy.open("redis://:marked-secret@x", toy.definition(), toy.budget())


def test_a_place_that_cannot_be_written_is_refused(toy: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"a study must be stored in a writable file, but got (Not a directory|File exists)"):
        SearchStudy.open(f"journal://{tmp_path}/file/study.journal", toy.definition(), toy.budget())


@pytest.mark.parametrize("garbage", ["no json\n", '{"op_code": 99, "worker_id": "x"\n', "{}\n"])
def test_a_journal_with_a_broken_line_is_refused(toy: ModuleType, tmp_path: Path, garbage: str) -> None:
    url, journal = f"journal://{tmp_path}/study.journal", tmp_path / "study.journal"
    complete_production(SearchStudy.open(url, toy.definition(), toy.budget()))
    whole = journal.read_text()
    journal.write_text(garbage + whole)
    with pytest.raises(BadInput, match="a study's journal must be intact, but got an unreadable line"):
        SearchStudy.open(url, toy.definition(), toy.budget())


def test_a_path_may_be_joined_with_one_slash_too_many(toy: ModuleType, tmp_path: Path) -> None:
    complete_production(SearchStudy.open(f"journal:///{tmp_path}/study.journal", toy.definition(), toy.budget()))
    assert len(SearchStudy.open(f"journal://{tmp_path}/study.journal", toy.definition(), toy.budget()).trials()) == 1


def test_an_unknown_trial_cannot_be_told(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    with pytest.raises(KeyError, match="study toy has no trial 5"):
        study.tell_complete(5, 1.0, 1, 0.1)


def test_what_the_infrastructure_lost_is_tried_again_beyond_the_attempts_of_a_trial(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(attempts_per_trial=2, failure_budget=0))
    complete_production(study)
    attempts = []
    for _ in range(4):
        attempts.append(ask(study))
        study.tell_failed(attempts[-1].number, "evicted", INFRASTRUCTURE)
    assert [(asked.proposal, asked.attempt) for asked in attempts] == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert ask(study).parameters.digest == attempts[0].parameters.digest


@IN_FILE_AND_SERVER
def test_attempts_count_failures_of_the_simulator_and_not_of_the_infrastructure(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(attempts_per_trial=2))
    complete_production(study)
    for failure in (INFRASTRUCTURE, TRANSIENT, INFRASTRUCTURE, TRANSIENT):
        asked = ask(study)
        assert asked.proposal == 1
        study.tell_failed(asked.number, "lost or hung", failure)
    assert ask(study).proposal == 2


def test_the_infrastructure_has_a_failure_budget_of_its_own(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget(failure_budget=0, infrastructure_failure_budget=1))
    complete_production(study)
    study.tell_failed(ask(study).number, "evicted", INFRASTRUCTURE)
    with pytest.raises(FailureBudgetSpent, match="the infrastructure failure budget is 1"):
        study.tell_failed(ask(study).number, "out of memory", INFRASTRUCTURE)


@IN_FILE_AND_SERVER
def test_a_lost_worker_gives_its_trials_back_and_those_of_others_stay(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    complete_production(study)
    lost, kept = ask(study, "worker-1"), ask(study, "worker-2")
    assert study.tell_lost("worker-1", "its machine was taken away") == 1
    assert study.tell_lost("worker-1", "its machine was taken away") == 0
    states = {record.number: (record.state, record.failure_class) for record in study.trials()}
    assert states[lost.number] == (TrialState.FAILED, INFRASTRUCTURE)
    assert states[kept.number] == (TrialState.RUNNING, None)
    again = ask(study, "worker-3")
    assert (again.proposal, again.attempt) == (lost.proposal, 2)


@IN_FILE_AND_SERVER
def test_recovering_leaves_the_trials_of_workers_that_are_alive(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    complete_production(study)
    dead, alive = ask(study, "worker-1"), ask(study, "worker-2")
    assert study.recover_interrupted(alive={"worker-2"}) == 1
    states = {record.number: record.state for record in study.trials()}
    assert (states[dead.number], states[alive.number]) == (TrialState.INTERRUPTED, TrialState.RUNNING)


@IN_FILE_AND_SERVER
def test_the_phases_of_a_trial_add_up_to_all_of_its_time(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    began = time.monotonic()
    asked = ask(study)
    time.sleep(0.2)
    study.tell_complete(asked.number, 1.0, simulated_days=2, simulation_s=0.05, store_s=0.03)
    took_s = time.monotonic() - began
    times = study.trials()[0].times
    assert times is not None
    assert (times.simulate_s, times.store_s) == (0.05, 0.03)
    assert times.start_s >= 0.11
    assert min(times.queue_s, times.tell_s) > 0
    assert 0.2 <= times.overhead_s + times.simulate_s <= took_s + 0.001
    study.tell_failed(ask(study).number, "refused", PERMANENT)
    assert study.trials()[1].times is None


def test_an_answer_that_was_kept_before_took_no_time_to_start(toy: ModuleType, url: str) -> None:
    study = SearchStudy.open(url, toy.definition(), toy.budget())
    study.tell_complete(ask(study).number, 1.0, simulated_days=2, simulation_s=500.0)
    times = study.trials()[0].times
    assert times is not None
    assert times.start_s == 0.0
