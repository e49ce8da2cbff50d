"""All studies of a folder of journal files as one read-only storage, because a dashboard takes one.

Each campaign has a file of its own, so opening one does not slow down with their number. Study ids follow the order in which
files were found, and make trial ids unique.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, NoReturn

from optuna.storages import BaseStorage
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

_STRIDE = 1_000_000  # more trials than a search may have


class ReadOnlyStudies(TypeError):
    """An attempt to change a study through the dashboard."""


def _refused(*_: object, **__: object) -> NoReturn:
    raise ReadOnlyStudies("only campaigns change studies; the dashboard is read-only")


class AllStudies(BaseStorage):
    """A storage that reads `*.journal` in a folder, including files that are added later, and changes nothing."""

    create_new_study: Any = _refused
    delete_study: Any = _refused
    set_study_user_attr: Any = _refused
    set_study_system_attr: Any = _refused
    create_new_trial: Any = _refused
    set_trial_param: Any = _refused
    set_trial_state_values: Any = _refused
    set_trial_intermediate_value: Any = _refused
    set_trial_user_attr: Any = _refused
    set_trial_system_attr: Any = _refused

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._storages: dict[Path, JournalStorage] = {}
        self._find_files()

    def get_all_studies(self) -> list[FrozenStudy]:
        """Every study there is now."""
        return [self._renumbered(study, number) for number, storage in self._opened() for study in storage.get_all_studies()]

    def get_study_id_from_name(self, study_name: str) -> int:
        """The id of a study. Raises KeyError when there is none of this name."""
        for study in self.get_all_studies():
            if study.study_name == study_name:
                return study._study_id
        raise KeyError(study_name)

    def get_study_name_from_id(self, study_id: int) -> str:
        """The name of a study."""
        storage, own_id = self._study(study_id)
        return storage.get_study_name_from_id(own_id)

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """Whether a study maximises or minimises."""
        storage, own_id = self._study(study_id)
        return storage.get_study_directions(own_id)

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """The attributes that tunegate stores with a study."""
        storage, own_id = self._study(study_id)
        return storage.get_study_user_attrs(own_id)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """The attributes that Optuna stores with a study."""
        storage, own_id = self._study(study_id)
        return storage.get_study_system_attrs(own_id)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """One trial."""
        number, own_id = divmod(trial_id, _STRIDE)
        return _numbered(self._storage(number).get_trial(own_id), number)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """The trials of a study, as they are now."""
        storage, own_id = self._study(study_id)
        return [_numbered(trial, study_id) for trial in storage.get_all_trials(own_id, deepcopy=deepcopy, states=states)]

    def _find_files(self) -> None:
        self._files += sorted(set(self._folder.glob("*.journal")) - set(self._files))

    def _opened(self) -> Iterator[tuple[int, JournalStorage]]:
        self._find_files()
        for number, file in enumerate(self._files):
            if file.exists():
                yield number, self._storage(number)

    def _storage(self, number: int) -> JournalStorage:
        if not 0 <= number < len(self._files):
            raise KeyError(number)
        file = self._files[number]
        if file not in self._storages:
            self._storages[file] = JournalStorage(JournalFileBackend(str(file)))
        return self._storages[file]

    def _study(self, study_id: int) -> tuple[JournalStorage, int]:
        """The storage of a study and its number there, where it is the only one."""
        storage = self._storage(study_id)
        for study in storage.get_all_studies():
            return storage, study._study_id
        raise KeyError(study_id)

    @staticmethod
    def _renumbered(study: FrozenStudy, number: int) -> FrozenStudy:
        shown = copy.copy(study)
        shown._study_id = number
        return shown


def _numbered(trial: FrozenTrial, number: int) -> FrozenTrial:
    shown = copy.copy(trial)
    shown._trial_id = number * _STRIDE + trial._trial_id
    return shown
