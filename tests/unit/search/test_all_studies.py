from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import TrialState

from tunegate.adapters.optuna.all_studies import AllStudies, ReadOnlyStudies


def campaign(folder: Path, name: str, values: list[float]) -> optuna.Study:
    """A study in a file of its own, as campaigns keep them."""
    storage = JournalStorage(JournalFileBackend(str(folder / f"{name}.journal")))
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
    for value in values:
        trial = study.ask()
        trial.suggest_float("gamma", 0.0, 1.0)
        study.tell(trial, value)
    return study


def test_studies_of_all_files_are_side_by_side_with_numbers_of_their_own(tmp_path: Path) -> None:
    campaign(tmp_path, "a", [1.0, 3.0])
    campaign(tmp_path, "b", [2.0])
    shown = AllStudies(tmp_path)
    assert [(study._study_id, study.study_name) for study in shown.get_all_studies()] == [(0, "a"), (1, "b")]
    assert shown.get_study_id_from_name("b") == 1
    numbers = [trial._trial_id for study in (0, 1) for trial in shown.get_all_trials(study)]
    assert len(set(numbers)) == 3
    assert [shown.get_trial(number).value for number in numbers] == [1.0, 3.0, 2.0]
    assert shown.get_best_trial(0).value == 3.0


def test_files_and_trials_that_come_later_are_seen_and_numbers_stay(tmp_path: Path) -> None:
    first = campaign(tmp_path, "m", [1.0])
    shown = AllStudies(tmp_path)
    assert len(shown.get_all_trials(0)) == 1
    campaign(tmp_path, "a", [5.0])
    running = first.ask()
    assert [study.study_name for study in shown.get_all_studies()] == ["m", "a"]
    assert [trial.state for trial in shown.get_all_trials(0)] == [TrialState.COMPLETE, TrialState.RUNNING]
    first.tell(running, 2.0)
    assert [trial.value for trial in shown.get_all_trials(0, states=(TrialState.COMPLETE,))] == [1.0, 2.0]


def test_nothing_can_be_changed_or_deleted(tmp_path: Path) -> None:
    campaign(tmp_path, "a", [1.0])
    before = (tmp_path / "a.journal").read_bytes()
    shown = AllStudies(tmp_path)
    with pytest.raises(ReadOnlyStudies):
        shown.delete_study(0)
    with pytest.raises(ReadOnlyStudies):
        optuna.load_study(storage=shown, study_name="a").ask()
    with pytest.raises(KeyError):
        shown.get_study_id_from_name("b")
    assert (tmp_path / "a.journal").read_bytes() == before
