"""Converts Optuna's frozen trials to `TrialRecord`s, and defines the attributes that make that possible.

Two user attributes per trial, each one JSON object: `asked` (proposal, attempt, worker, time) and `outcome` (how it ended,
written *before* the trial is finished, so that a crash in between loses nothing). Times are our own, aware and in UTC:
Optuna 5 stores naive UTC and reads it back as local time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from tunegate.domain.errors import FailureClass
from tunegate.domain.trials import TrialRecord, TrialState, TrialTimes
from tunegate.search.space import Space

ASKED = "asked"
OUTCOME = "outcome"

_UNFINISHED = {OptunaState.RUNNING: TrialState.RUNNING, OptunaState.WAITING: TrialState.WAITING}


class RecordReader:
    """Reads records of one study, each trial once as long as it stays as it is; safe to share by threads.

    Finished trials never change, and a storage gives another object for an unfinished one that did.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._searched = {dimension.name for dimension in space.dimensions}
        self._finished: dict[int, TrialRecord] = {}
        self._unfinished: dict[int, tuple[FrozenTrial, TrialRecord]] = {}

    def is_asked(self, trial: FrozenTrial) -> bool:
        """Whether asking for the trial was completed: it is queued, or a worker has it with all its parameters.

        The worker's name is written last. A process killed while asking leaves a trial without it, which is ignored.
        """
        asked = trial.user_attrs.get(ASKED, {})
        if trial.state is OptunaState.WAITING:
            return bool(asked)
        return "worker" in asked and trial.params.keys() == self._searched

    def read(self, trials: Iterable[FrozenTrial]) -> tuple[TrialRecord, ...]:
        """Records of all trials that were asked for completely, in order of their numbers, without uplifts."""
        return tuple(self._record(trial) for trial in trials if trial.number in self._finished or self.is_asked(trial))

    def _record(self, trial: FrozenTrial) -> TrialRecord:
        if (known := self._finished.get(trial.number)) is not None:
            return known
        before, record = self._unfinished.get(trial.number, (None, None))
        if before is trial and record is not None:
            return record
        record = _record(trial, self._space)
        if trial.state.is_finished():
            self._finished[trial.number] = record
            self._unfinished.pop(trial.number, None)
        else:
            self._unfinished[trial.number] = (trial, record)
        return record


def _record(trial: FrozenTrial, space: Space) -> TrialRecord:
    asked: Mapping[str, Any] = trial.user_attrs[ASKED]
    outcome: Mapping[str, Any] = trial.user_attrs.get(OUTCOME, {})
    searched = trial.system_attrs["fixed_params"] if trial.state is OptunaState.WAITING else trial.params
    state = _UNFINISHED.get(trial.state) or TrialState(outcome["state"])
    ended = outcome if state not in _UNFINISHED.values() else {}
    return TrialRecord(
        number=trial.number,
        proposal=asked["proposal"],
        attempt=asked["attempt"],
        state=state,
        parameters=space.complete(searched),
        worker=asked.get("worker"),
        revenue_minor_per_day=ended.get("revenue_minor_per_day"),
        simulated_days=ended.get("simulated_days", 0),
        simulation_s=ended.get("simulation_s", 0.0),
        reason=ended.get("reason"),
        failure_class=FailureClass(ended["failure_class"]) if ended.get("failure_class") else None,
        started_at=_time(asked.get("at")),
        finished_at=_time(ended.get("at")),
        times=_times(asked, ended),
    )


def _times(asked: Mapping[str, Any], ended: Mapping[str, Any]) -> TrialTimes | None:
    """The phases of a trial; None where one of their ends is not known, as when it failed."""
    if "called_at" not in asked or "came_at" not in ended:
        return None
    called, given, came, told = (
        datetime.fromisoformat(each) for each in (asked["called_at"], asked["at"], ended["came_at"], ended["at"])
    )
    simulate_s, store_s = ended["simulation_s"], ended["store_s"]
    return TrialTimes(
        queue_s=(given - called).total_seconds(),
        # A stored answer took no time now.
        start_s=max(0.0, (came - given).total_seconds() - simulate_s - store_s),
        simulate_s=simulate_s,
        store_s=store_s,
        tell_s=(told - came).total_seconds(),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
