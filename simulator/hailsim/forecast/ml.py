"""The ml forecast: gradient-boosted trees with a Poisson loss, trained on the history days only.

As with a live feed, a forecast uses the pickups of earlier half hours of the same day. These come from the records, not from
the simulated taxis, so that every arm and every parameter set gets the same forecast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.forecast.counts import day_index, following_days, mean_counts, neighbour_weights, similar_days
from hailsim.kernels.arrays import SLOTS
from hailsim.model.calendar import History, day_type
from hailsim.model.city import City

# Part of the cache key: increment when features or model change.
VERSION = 1
MIN_HISTORY_DAYS = 3


@dataclass(frozen=True, slots=True)
class MlForecasts:
    """Expected pickups of every covered day after the history, float32[days, 48, Z], from `first` on."""

    first: date
    pickups: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.pickups.nbytes

    def of_day(self, day: date) -> NDArray[np.float32]:
        """One day's forecast, float32[48, Z]."""
        forecast: NDArray[np.float32] = self.pickups[(day - self.first).days]
        return forecast


def train_forecasts(city: City, counts: NDArray[np.uint16], history: History) -> MlForecasts:
    """Train on the history and forecast every later day, in one thread for bit-identical results.

    Raises BadInput: the history is too short to learn how a day's past improves on the statistics.
    """
    # Importing scikit-learn takes two seconds, which processes with cached forecasts avoid.
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    days = list(history.days())
    if len(days) < MIN_HISTORY_DAYS:
        remedy = "Use more history days, or the statistics forecast."
        raise refuse(f"an ml forecast needs at least {MIN_HISTORY_DAYS} history days", len(days), "history", remedy)
    seen = np.flatnonzero(mean_counts(city, counts, days).sum(axis=0) > 0)
    around = neighbour_weights(city)
    past = [_features(city, counts, history, day, around)[:, seen].reshape(-1, len(FEATURES)) for day in days]
    truth = [counts[day_index(city, day)][:, seen].ravel() for day in days]
    # More or larger trees improve San Francisco by less than 1 % and take twice as long.
    model: Any = HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=100,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=100,
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
    return MlForecasts(wanted[0], pickups)


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
    """Features of one day, float32[48, Z, features]. Its statistic excludes the day itself, to avoid leaking the target."""
    kind = day_type(city, day)
    statistic = mean_counts(city, counts, similar_days(city, history, kind, without=day)).astype(np.float32)
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
    """Mean of the values `nearest` to `farthest` slots earlier; NaN before the start of the day."""
    total = np.full(values.shape, np.nan, np.float32)
    for back in range(nearest, farthest + 1):
        shifted = values[: SLOTS - back]
        total[back:] = np.where(np.isnan(total[back:]), 0.0, total[back:]) + shifted
    known = np.clip(np.arange(SLOTS) - nearest + 1, 1, farthest - nearest + 1).astype(np.float32)
    mean: NDArray[np.float32] = total / known.reshape((-1,) + (1,) * (values.ndim - 1))
    return mean
