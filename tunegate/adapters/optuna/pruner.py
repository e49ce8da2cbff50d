"""Stopping a hopeless trial by its first day results.

Days differ far more from each other than parameters do, so both pruners compare a trial with others on the *same* days only.
Values are mean fleet revenue of a day in minor units, reported with the day's place among the tuning days.
"""

from __future__ import annotations

import warnings
from typing import assert_never

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner, WilcoxonPruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tunegate.search.definition import WILCOXON_DAYS, PrunerName

WILCOXON_P = 0.1
MEDIAN_STARTUP_TRIALS = 5


def make_pruner(name: PrunerName) -> BasePruner:
    """The pruner of a study."""
    match name:
        case "none":
            return NopPruner()
        case "wilcoxon":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return WilcoxonPruner(p_threshold=WILCOXON_P, n_startup_steps=WILCOXON_DAYS)
        case "median":
            return MedianOfDaysPruner(MEDIAN_STARTUP_TRIALS)
        case _:
            assert_never(name)


class MedianOfDaysPruner(BasePruner):
    """Stops a trial whose mean over its days so far is below the median of complete trials over those same days.

    Optuna's median pruner takes the best single step of the trial so far, as suits a learning curve; of day results, that
    is merely the busiest day.
    """

    def __init__(self, startup_trials: int) -> None:
        self._startup_trials = startup_trials

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether to stop, given at least one reported day and enough complete trials."""
        days = trial.intermediate_values.keys()
        complete = [
            other.intermediate_values
            for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if days <= other.intermediate_values.keys()
        ]
        if not days or len(complete) < self._startup_trials:
            return False
        others = np.array([[revenue[day] for day in days] for revenue in complete])
        own = np.fromiter(trial.intermediate_values.values(), float)
        return bool(own.mean() < np.median(others.mean(axis=1)))
