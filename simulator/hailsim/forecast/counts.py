"""Recorded pickups by operating day, half hour and zone: the input and the ground truth of forecasts."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import SLOT_S, SLOTS
from hailsim.model.calendar import SIMILAR_TYPES, DayType, History, day_type
from hailsim.model.city import City


def pickup_counts(city: City) -> NDArray[np.uint16]:
    """Pickups of all D covered days, uint16[D, 48, Z]."""
    days = (city.last_day - city.first_day).days + 1
    zones = city.network.zones
    trips = city.trips
    zone = city.network.zone[trips.pickup_link].astype(np.int64)
    cell = (trips.day.astype(np.int64) * SLOTS + trips.appears_s // SLOT_S) * zones + zone
    return np.bincount(cell, minlength=days * SLOTS * zones).reshape(days, SLOTS, zones).astype(np.uint16)


def day_index(city: City, day: date) -> int:
    """Index of a day in the counts."""
    return (day - city.first_day).days


def similar_days(city: City, history: History, kind: DayType, without: date | None = None) -> list[date]:
    """History days of a type, or of the most similar type with any, except `without`."""
    days = [day for day in history.days() if day != without]
    for wanted in (kind, *SIMILAR_TYPES[kind]):
        found = [day for day in days if day_type(city, day) is wanted]
        if found:
            return found
    return []


def mean_counts(city: City, counts: NDArray[np.uint16], days: list[date]) -> NDArray[np.float64]:
    """Mean pickups by half hour and zone over the days, float64[48, Z]; zeros for no days."""
    if not days:
        return np.zeros(counts.shape[1:], np.float64)
    mean: NDArray[np.float64] = counts[[day_index(city, day) for day in days]].mean(axis=0, dtype=np.float64)
    return mean


def neighbour_weights(city: City) -> NDArray[np.float32]:
    """Neighbouring zones: float32[Z, Z], 1 for centres at most NEIGHBOUR_M apart, 0 for the zone itself."""
    network = city.network
    links = np.bincount(network.zone, minlength=network.zones)
    x = np.bincount(network.zone, network.start_x_m + network.end_x_m) / (2 * np.maximum(links, 1))
    y = np.bincount(network.zone, network.start_y_m + network.end_y_m) / (2 * np.maximum(links, 1))
    near = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) <= NEIGHBOUR_M
    np.fill_diagonal(near, False)
    weights: NDArray[np.float32] = near.astype(np.float32)
    return weights


NEIGHBOUR_M = 800.0


def following_days(city: City, history: History) -> list[date]:
    """Every covered day after the history."""
    count = (city.last_day - history.last).days
    return [history.last + timedelta(days=offset) for offset in range(1, count + 1)]
