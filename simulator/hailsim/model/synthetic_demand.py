"""Synthetic demand: days generated from one recorded day's trips and a weekly profile.

Glossary: R recorded trips, K pickup links near each (the recorded one first), D days, H = 48 half hours of an operating day.

The number of customers of a half hour is its share of the weekly profile times a random factor of the day and one of the half
hour. Each customer repeats a recorded trip of about that time of day from one of the K links near its start. Random numbers are
keyed by day, half hour and customer, so a day is the same on every machine, whichever other days are generated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.model.city import SECONDS_PER_DAY, Trips
from hailsim.model.random_streams import random_normal, random_uniform

GENERATOR_VERSION = 1
HALF_HOURS_PER_DAY = 48
HALF_HOURS_PER_WEEK = 336
_HALF_HOUR_S = 1800
_MINUTES_PER_DAY = 1440
_SUNDAY = 6
_MIN_FACTOR = 0.2
# Random streams, one per purpose.
_DAY_LEVEL, _HALF_HOUR_LEVEL, _COUNT, _TRIP, _NEIGHBOUR, _SECOND = range(6)


@dataclass(frozen=True, slots=True)
class TripPattern:
    """Recorded trips to repeat, sorted by minute: minute: int16[R] of the clock day; dropoff_link: int32[R].

    pickup_link: int32[R, K]; drive_freeflow_s: float32[R, K]; distance_m: float32[R, K] from that pickup link.
    """

    minute: NDArray[np.int16]
    dropoff_link: NDArray[np.int32]
    pickup_link: NDArray[np.int32]
    drive_freeflow_s: NDArray[np.float32]
    distance_m: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SyntheticDemand:
    """The demand model. half_hour_of_week: float64[336], mean 1, Monday 00:00 first.

    A holiday follows the Sunday profile times its holiday_factor. day_sd, half_hour_sd: standard deviations of the two random
    factors, the latter correlated by half_hour_correlation from one half hour to the next. window_min: recorded trips
    within this many minutes of the half hour may be repeated in it.
    """

    key: int
    trips_per_day: float
    half_hour_of_week: NDArray[np.float64]
    holiday_factor: dict[date, float]
    day_sd: float
    half_hour_sd: float
    half_hour_correlation: float
    window_min: int


def generate_trips(pattern: TripPattern, demand: SyntheticDemand, first_day: date, days: int, day_start_hour: int) -> Trips:
    """All trips of `days` operating days from `first_day`, sorted by day and second."""
    day_number = first_day.toordinal() + np.arange(days)
    counts = _counts(demand, first_day, days, day_start_hour)
    day = np.repeat(np.repeat(np.arange(days), HALF_HOURS_PER_DAY), counts.ravel())
    half_hour = np.repeat(np.tile(np.arange(HALF_HOURS_PER_DAY), days), counts.ravel())
    # Index of the customer within the half hour.
    first = np.cumsum(counts.ravel()) - counts.ravel()
    number = np.arange(len(day)) - np.repeat(first, counts.ravel())
    counters = (day_number[day], half_hour, number)
    low, width = _windows(pattern, demand.window_min, day_start_hour)
    offset = (random_uniform(demand.key, _TRIP, *counters) * width[half_hour]).astype(np.int64)
    row = (low[half_hour] + offset) % len(pattern.minute)
    neighbour = (random_uniform(demand.key, _NEIGHBOUR, *counters) * pattern.pickup_link.shape[1]).astype(np.int64)
    second = half_hour * _HALF_HOUR_S + (random_uniform(demand.key, _SECOND, *counters) * _HALF_HOUR_S).astype(np.int64)
    # Stable, so that customers of the same second keep their order.
    order = np.argsort(day * SECONDS_PER_DAY + second, kind="stable")
    row, neighbour = row[order], neighbour[order]
    return Trips(
        day=day[order].astype(np.int32),
        appears_s=second[order].astype(np.int32),
        pickup_link=pattern.pickup_link[row, neighbour],
        dropoff_link=pattern.dropoff_link[row],
        drive_freeflow_s=pattern.drive_freeflow_s[row, neighbour],
        distance_m=pattern.distance_m[row, neighbour],
    )


def _counts(demand: SyntheticDemand, first_day: date, days: int, day_start_hour: int) -> NDArray[np.int64]:
    """Customers by day and half hour, int64[D, 48]; fractions are rounded randomly to preserve means."""
    ordinal = first_day.toordinal() + np.arange(days)
    half_hours = np.arange(HALF_HOURS_PER_DAY)
    expected = np.empty((days, HALF_HOURS_PER_DAY))
    for index in range(days):
        today = date.fromordinal(int(ordinal[index]))
        factor = demand.holiday_factor.get(today)
        weekday = today.weekday() if factor is None else _SUNDAY
        slots = (weekday * HALF_HOURS_PER_DAY + 2 * day_start_hour + half_hours) % HALF_HOURS_PER_WEEK
        expected[index] = demand.half_hour_of_week[slots] * (1.0 if factor is None else factor)
    expected *= demand.trips_per_day / HALF_HOURS_PER_DAY
    expected *= np.maximum(_MIN_FACTOR, 1.0 + demand.day_sd * random_normal(demand.key, _DAY_LEVEL, ordinal))[:, None]
    expected *= np.maximum(_MIN_FACTOR, 1.0 + demand.half_hour_sd * _correlated(demand, ordinal))
    return np.floor(expected + random_uniform(demand.key, _COUNT, ordinal[:, None], half_hours[None, :])).astype(np.int64)


def _correlated(demand: SyntheticDemand, ordinal: NDArray[np.int64]) -> NDArray[np.float64]:
    """A stationary first-order autoregression of variance 1 along each day, float64[D, 48]."""
    shocks = random_normal(demand.key, _HALF_HOUR_LEVEL, ordinal[:, None], np.arange(HALF_HOURS_PER_DAY)[None, :])
    carried = demand.half_hour_correlation
    fresh = np.sqrt(1.0 - carried * carried)
    levels = np.empty_like(shocks)
    levels[:, 0] = shocks[:, 0]
    for slot in range(1, HALF_HOURS_PER_DAY):
        levels[:, slot] = carried * levels[:, slot - 1] + fresh * shocks[:, slot]
    return levels


def _windows(pattern: TripPattern, window_min: int, day_start_hour: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First row and number of rows to draw from, by half hour of the operating day; rows wrap round midnight."""
    begin = (np.arange(HALF_HOURS_PER_DAY) * 30 + day_start_hour * 60) % _MINUTES_PER_DAY - window_min
    end = begin + 30 + 2 * window_min
    rows = len(pattern.minute)

    def rank(minute: NDArray[np.int64]) -> NDArray[np.int64]:
        days = minute // _MINUTES_PER_DAY
        return days * rows + np.searchsorted(pattern.minute, minute % _MINUTES_PER_DAY, side="left")

    low = rank(begin)
    return low % rows, rank(end) - low
