"""The ml forecast: gradient-boosted trees with a Poisson loss, trained on the history days and on nothing else.

What it sees of the day it forecasts is what a live feed would show at the start of a half hour: the recorded pickups of the
half hours before. These come from the records, not from the simulated taxis, so that every arm and every parameter gets the
same forecast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.forecast.counts import day_index, following_days, likeliest_days, mean_counts, neighbour_weights
from hailsim.kernels.arrays import SLOTS
from hailsim.model.calendar import History, day_type
from hailsim.model.city import City

# Part of the cache key: count up whenever features or model change.
VERSION = 1
LEAST_HISTORY_DAYS = 3
# More or larger trees gain under 1 % on San Francisco and take twice as long.
TREES = 100
LEARNING_RATE = 0.1
LEAVES = 8
LEAST_LEAF = 100


@dataclass(frozen=True, slots=True)
class LearntForecasts:
    """Expected pickups of every covered day after the history, float32[days, 48, Z]; `first` is the first of them."""

    first: date
    pickups: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.pickups.nbytes

    def of(self, day: date) -> NDArray[np.float32]:
        """One day's forecast, float32[48, Z]."""
        forecast: NDArray[np.float32] = self.pickups[(day - self.first).days]
        return forecast


def learn_forecasts(city: City, counts: NDArray[np.uint16], history: History) -> LearntForecasts:
    """Train on the history and forecast every day after it; one thread, so that the same input gives the same bits.

    Raises BadInput: the history is too short to learn what a day's own past adds to the statistics.
    """
    # Loading scikit-learn takes two seconds, which a process with cached forecasts never pays.
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    days = list(history.days())
    if len(days) < LEAST_HISTORY_DAYS:
        remedy = "Take more history days, or the statistics forecast."
        raise refuse(f"an ml forecast needs at least {LEAST_HISTORY_DAYS} history days", len(days), "history", remedy)
    seen = np.flatnonzero(mean_counts(city, counts, days).sum(axis=0) > 0)
    around = neighbour_weights(city)
    past = [_features(city, counts, history, day, around)[:, seen].reshape(-1, len(FEATURES)) for day in days]
    truth = [counts[day_index(city, day)][:, seen].ravel() for day in days]
    model: Any = HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=TREES,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_LEAF,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    wanted = following_days(city, history)
    pickups = np.zeros((len(wanted), SLOTS, counts.shape[2]), np.float32)
    with threadpool_limits(limits=1):
        model.fit(np.concatenate(past), np.concatenate(truth).astype(np.float64))
        for number, day in enumerate(wanted):
            rows = _features(city, counts, history, day, around)[:, seen].reshape(-1, len(FEATURES))
            pickups[number][:, seen] = model.predict(rows).reshape(SLOTS, -1)
    return LearntForecasts(wanted[0], pickups)


FEATURES = (
    "statistic",
    "statistic_around",
    "before_1",
    "before_2",
    "before_3_to_6",
    "around_before_1",
    "around_before_2_to_3",
    "statistic_before_1",
    "statistic_before_2_to_6",
    "city_ratio",
    "slot",
    "day_type",
)


def _features(
    city: City, counts: NDArray[np.uint16], history: History, day: date, around: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32[48, Z, features] of one day; its statistic leaves the day itself out, so that training sees no answer."""
    kind = day_type(city, day)
    statistic = mean_counts(city, counts, likeliest_days(city, history, kind, without=day)).astype(np.float32)
    actual = counts[day_index(city, day)].astype(np.float32)
    actual_around, statistic_around = actual @ around, statistic @ around
    shape = statistic.shape
    city_actual, city_statistic = _mean_before(actual.sum(axis=1), 1, 2), _mean_before(statistic.sum(axis=1), 1, 2)
    ratio = (city_actual + 1.0) / (city_statistic + 1.0)
    slot = np.arange(SLOTS, dtype=np.float32)
    columns = (
        statistic,
        statistic_around,
        _mean_before(actual, 1, 1),
        _mean_before(actual, 2, 2),
        _mean_before(actual, 3, 6),
        _mean_before(actual_around, 1, 1),
        _mean_before(actual_around, 2, 3),
        _mean_before(statistic, 1, 1),
        _mean_before(statistic, 2, 6),
        np.broadcast_to(ratio[:, None], shape),
        np.broadcast_to(slot[:, None], shape),
        np.full(shape, float(kind), np.float32),
    )
    return np.stack(columns, axis=-1).astype(np.float32)


def _mean_before(values: NDArray[np.float32], nearest: int, farthest: int) -> NDArray[np.float32]:
    """Mean of the values `nearest` to `farthest` slots earlier; NaN where the day had not begun."""
    total = np.full(values.shape, np.nan, np.float32)
    for back in range(nearest, farthest + 1):
        shifted = values[: SLOTS - back]
        total[back:] = np.where(np.isnan(total[back:]), 0.0, total[back:]) + shifted
    known = np.clip(np.arange(SLOTS) - nearest + 1, 1, farthest - nearest + 1).astype(np.float32)
    mean: NDArray[np.float32] = total / known.reshape((-1,) + (1,) * (values.ndim - 1))
    return mean
