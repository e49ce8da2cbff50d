"""What a Gaussian process, learnt from all trials of a search, expects of each: the luck of single trials averages out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from optuna.distributions import BaseDistribution

from tunegate.adapters.optuna.gp_sampler import Seen, learn
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.search.cube import to_cube
from tunegate.search.gaussian import one_thread


def expected_values(trials: Sequence[TrialRecord], space: Mapping[str, BaseDistribution]) -> dict[int, float]:
    """Of each complete trial by number, on a scale of no meaning: higher is better. Nothing where no trial is complete."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.revenue_minor_per_day is not None]
    if not complete:
        return {}
    point = {trial.number: to_cube({name: trial.parameters[name] for name in space}, space) for trial in complete}
    value = {tuple(point[trial.number].tolist()): trial.revenue_minor_per_day for trial in complete}
    points = sorted(value)
    values = np.array([value[one] for one in points], dtype=np.float64)
    with one_thread():
        posterior = learn(Seen(np.array(points), values, np.empty((0, len(space)))))
        expected = posterior.mean(np.array(list(point.values()))).tolist()
    return dict(zip(point, expected, strict=True))
