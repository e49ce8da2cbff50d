"""Closing the trials of a study: how each ended, and what must be simulated again."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from tunegate.adapters.optuna.trial_records import ASKED, OUTCOME, RecordReader
from tunegate.domain.errors import FailureClass
from tunegate.domain.parameters import ParameterValue
from tunegate.domain.trials import TrialState

INTERRUPTED = {"state": TrialState.INTERRUPTED, "reason": "the campaign was interrupted while this trial ran"}
_FINAL_STATE = {
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAILED: OptunaState.FAIL,
    TrialState.INTERRUPTED: OptunaState.FAIL,
}


class TrialCloser:
    """Finishes trials and queues proposals. The caller of every method but `frozen` holds the study's lock."""

    def __init__(self, study: optuna.Study, reader: RecordReader, attempts_per_trial: int) -> None:
        self._study = study
        self._storage = study._storage
        self._reader = reader
        self._attempts_per_trial = attempts_per_trial

    def enqueue(self, searched: dict[str, ParameterValue], proposal: int, attempt: int) -> None:
        """Queue a proposal, to be handed to the next worker that asks."""
        self._study.enqueue_trial(searched, user_attrs={ASKED: {"proposal": proposal, "attempt": attempt}})

    def close_half_asked(self) -> None:
        """Close trials whose process died while asking: asking holds the lock, which the caller holds now."""
        for trial in self._study.get_trials(deepcopy=False, states=(OptunaState.RUNNING,)):
            if not self._reader.is_asked(trial):
                self.settle(trial.number, INTERRUPTED)

    def settle(self, number: int, outcome: dict[str, Any]) -> None:
        """Finish a trial, unless it is finished: write how it ended, queue what must be tried again, close it.

        In this order a crash in between leaves a running trial with an outcome, which `recover_interrupted` closes. The lock
        is held.
        """
        frozen = self.frozen(number)
        if frozen.state.is_finished():
            return
        state = TrialState(outcome["state"])
        value = _finite(outcome["revenue_minor_per_day"]) if state is TrialState.COMPLETE else None
        written = {"at": datetime.now(UTC).isoformat(), **outcome}
        # Not `Study.tell`, which reads the trial three more times while all other workers wait for the lock.
        self._storage.set_trial_user_attr(frozen._trial_id, OUTCOME, written)
        self._requeue_if_due(frozen, state, outcome.get("failure_class"))
        self._storage.set_trial_state_values(frozen._trial_id, _FINAL_STATE[state], None if value is None else [value])

    def _requeue_if_due(self, trial: FrozenTrial, state: TrialState, failure_class: str | None) -> None:
        asked = trial.user_attrs.get(ASKED)
        if asked is None:
            return  # Its process died before it became a proposal; the next proposal replaces it.
        lost = state is TrialState.INTERRUPTED or failure_class == FailureClass.INFRASTRUCTURE
        due = lost or (failure_class == FailureClass.TRANSIENT and self._attempts_left(asked["proposal"]) > 0)
        if due and not self._is_followed(trial):
            searched = trial.system_attrs.get("fixed_params", trial.params)
            self.enqueue(dict(searched), asked["proposal"], asked["attempt"] + (state is TrialState.FAILED))

    def _is_followed(self, trial: FrozenTrial) -> bool:
        """Whether its proposal was queued again, and perhaps taken, before a crash or an outage kept it from being closed."""
        proposal = self._proposal(trial)
        trials = self._study.get_trials(deepcopy=False)
        return any(other.number > trial.number and self._proposal(other) == proposal for other in trials)

    def _attempts_left(self, proposal: int) -> int:
        """How often a proposal may still be simulated after the failure whose outcome was just written."""
        trials = self._study.get_trials(deepcopy=False)
        outcomes = [trial.user_attrs.get(OUTCOME, {}) for trial in trials if self._proposal(trial) == proposal]
        failed: int = sum(outcome.get("failure_class") == FailureClass.TRANSIENT for outcome in outcomes)
        return self._attempts_per_trial - failed

    @staticmethod
    def _proposal(trial: FrozenTrial) -> int | None:
        proposal: int | None = trial.user_attrs.get(ASKED, {}).get("proposal")
        return proposal

    def frozen(self, number: int) -> FrozenTrial:
        """One trial, without loading all others."""
        try:
            trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)
        except KeyError:
            raise KeyError(f"study {self._study.study_name} has no trial {number}") from None
        return self._storage.get_trial(trial_id)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"a trial's objective must be a finite number, but got {value}")
    return value
