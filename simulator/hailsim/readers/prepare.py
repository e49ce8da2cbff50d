"""What is settled about a source's rows before any of them is judged: exact repeats, and which durations to trust."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hailsim.findings import Finding, found_where
from hailsim.model.random_streams import random_bits
from hailsim.readers.source import NO_TIME, SourceCity, SourceTrips, VacantRuns

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
_REPEAT_KEY = 0x5E9EA7
_ROUNDINGS_S = (3600, 1800, 900, 600, 300)
_ROUNDED_SHARE = 0.95
# Fewer trips can all fall on round times by chance.
_MIN_TRIPS_TO_TELL = 100


@dataclass(frozen=True, slots=True)
class Durations:
    """The durations of T trips.

    seconds: int64[T], NO_TIME where unknown. origin: how they are known, in the words of the report; empty if none is.
    rounding_s: the step to which the source rounds its times; 0 if they are finer than five minutes.
    """

    seconds: Ints
    origin: str
    rounding_s: int


def drop_repeats(source: SourceCity) -> tuple[SourceCity, tuple[Finding, ...]]:
    """Remove exact repeats of trips and vacant runs; returns the finding about trips, that about runs stands in the runs."""
    trips, vacant = source.trips, source.vacant
    repeated = _repeats(_columns(trips))
    found = found_where("repeated_row", repeated, lambda row: describe_trip(trips, row))
    return replace(
        source,
        trips=trips.select(~repeated) if repeated.any() else trips,
        vacant=None if vacant is None else _drop_repeated_runs(vacant),
    ), found


def _drop_repeated_runs(vacant: VacantRuns) -> VacantRuns:
    repeated = _repeats([vacant.cab, vacant.start_utc_s, vacant.end_utc_s])
    if not repeated.any():
        return vacant
    found = found_where("repeated_row", repeated, lambda row: f"vacant run at {utc_text(vacant.start_utc_s[row])}")
    return replace(vacant.select(~repeated), unreadable=(*vacant.unreadable, *found))


def trip_durations(trips: SourceTrips) -> Durations:
    """Durations between the times, unless these are rounded to minutes; then the recorded durations, if there are any."""
    timed = trips.dropoff_utc_s != NO_TIME
    between_s = np.where(timed, trips.dropoff_utc_s - np.where(timed, trips.pickup_utc_s, 0), NO_TIME)
    rounding_s = _rounding_s(np.concatenate([trips.pickup_utc_s, trips.dropoff_utc_s[timed]]))
    if not rounding_s:
        return Durations(between_s, "pickup and drop-off times", 0)
    if trips.duration_s is not None:
        return Durations(trips.duration_s, "recorded durations", rounding_s)
    return Durations(np.full(len(trips), NO_TIME), "", rounding_s)


def describe_trip(trips: SourceTrips, row: int) -> str:
    """A trip as an example for the report."""
    pickup = f"{trips.pickup_lat[row]:.5f}, {trips.pickup_lon[row]:.5f}"
    dropoff = f"{trips.dropoff_lat[row]:.5f}, {trips.dropoff_lon[row]:.5f}"
    return f"pickup {utc_text(trips.pickup_utc_s[row])} at {pickup}, drop-off at {dropoff}"


def utc_text(utc_s: int | np.int64) -> str:
    """A time in ISO 8601."""
    return f"{np.datetime64(int(utc_s), 's')}Z"


def _columns(trips: SourceTrips) -> list[NDArray[np.int64] | NDArray[np.float64]]:
    ends = [trips.pickup_lat, trips.pickup_lon, trips.dropoff_lat, trips.dropoff_lon]
    return [trips.pickup_utc_s, trips.dropoff_utc_s, *ends, *([] if trips.cab is None else [trips.cab])]


def _repeats(columns: list[NDArray[np.int64] | NDArray[np.float64]]) -> Mask:
    """Rows equal in all columns to an earlier row: candidates by a hash, then compared exactly."""
    bits = [np.ascontiguousarray(column).view(np.int64) for column in columns]
    order = np.argsort(random_bits(_REPEAT_KEY, *bits), kind="stable")
    same = np.ones(max(0, len(order) - 1), dtype=np.bool_)
    for column in bits:
        same &= column[order[1:]] == column[order[:-1]]
    repeated = np.zeros(len(order), dtype=np.bool_)
    repeated[order[1:][same]] = True
    return repeated


def _rounding_s(utc_s: Ints) -> int:
    """The largest step of which nearly all times are multiples; 0 if they are finer than five minutes."""
    if len(utc_s) < _MIN_TRIPS_TO_TELL:
        return 0
    return next((step for step in _ROUNDINGS_S if (utc_s % step == 0).mean() >= _ROUNDED_SHARE), 0)
