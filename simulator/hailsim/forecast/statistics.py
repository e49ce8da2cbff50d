"""The statistics forecast: the mean of the history days of the same type, by zone and half hour."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.forecast.counts import mean_counts, similar_days
from hailsim.model.calendar import History, day_type
from hailsim.model.city import City


def statistics_forecast(city: City, counts: NDArray[np.uint16], history: History, day: date) -> NDArray[np.float32]:
    """Expected pickups per half hour and zone of one day, float32[48, Z]."""
    days = similar_days(city, history, day_type(city, day))
    return mean_counts(city, counts, days).astype(np.float32)
