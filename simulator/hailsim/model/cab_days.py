"""Daily activity of a cab fleet, recorded or simulated, and its file `observed.json`, which `hailsim validate` compares with.

Simulated days (`hailsim.validation.simulated`) use the same measures and bins, so that differences do not stem from counting.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
OBSERVED_FILE = "observed.json"
FORMAT = "hailsim-observed/1"
HOURS = 24
HOUR_S = 3600
BIN_S, BIN_M = 15.0, 100.0
# Two hours and 30 km; the last bin of each is open-ended.
SECOND_BINS, METRE_BINS = 481, 301
_REMEDY = "Import the city again; do not edit the file."


@dataclass(frozen=True, slots=True)
class Histogram:
    """A mergeable histogram: `counts` int64[B] in bins of `step` from 0, the last open-ended; `total` is the exact sum."""

    step: float
    counts: NDArray[np.int64]
    total: float

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float | None:
        """Mean of the values; None when empty."""
        return self.total / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """The quantile at `share`, interpolated within a bin; None when empty.

        In the open last bin the result is the bin's lower edge, which is a lower bound.
        """
        if not self.count:
            return None
        wanted = share * self.count
        reached = np.cumsum(self.counts)
        place = int(np.searchsorted(reached, wanted))
        if place == len(self.counts) - 1:
            return self.step * place
        before = int(reached[place - 1]) if place else 0
        within = (wanted - before) / int(self.counts[place]) if self.counts[place] else 0.0
        return self.step * (place + within)


def seconds_by_hour(from_s: Ints, to_s: Ints, hours: int = HOURS) -> Floats:
    """Seconds of the intervals in each hour from second 0 on, float64[hours]; what lies outside these hours is left out."""
    totals = np.zeros(hours)
    from_s, to_s = np.clip(from_s, 0, hours * HOUR_S), np.clip(to_s, 0, hours * HOUR_S)
    # Each step counts what lies in the first hour of every interval and cuts it off.
    while (remaining := to_s > from_s).any():
        from_s, to_s = from_s[remaining], to_s[remaining]
        hour = from_s // HOUR_S
        end_s = np.minimum(to_s, (hour + 1) * HOUR_S)
        totals += np.bincount(hour, end_s - from_s, minlength=hours)
        from_s = end_s
    return totals


def histogram(values: NDArray[Any], step: float, bins: int) -> Histogram:
    """A histogram of values >= 0."""
    place = np.minimum((values / step).astype(np.int64), bins - 1)
    return Histogram(step, np.bincount(place, minlength=bins).astype(np.int64), float(values.sum()))


def histogram_of_seconds(values_s: NDArray[Any]) -> Histogram:
    """Times in the bins of a CabDay."""
    return histogram(values_s, BIN_S, SECOND_BINS)


def histogram_of_metres(values_m: NDArray[Any]) -> Histogram:
    """Distances in the bins of a CabDay."""
    return histogram(values_m, BIN_M, METRE_BINS)


def sum_histograms(parts: Sequence[Histogram]) -> Histogram:
    """The sum of one or more histograms with the same bins."""
    counts = np.stack([part.counts for part in parts]).sum(axis=0, dtype=np.int64)
    return Histogram(parts[0].step, counts, float(sum(part.total for part in parts)))


@dataclass(frozen=True, slots=True)
class CabDay:
    """One operating day of a fleet, recorded or simulated.

    occupied_s, vacant_s: float64[24] cab seconds with and without a customer, by hour of the operating day. vacant_m: metres
    driven while vacant; None if not recorded. searches int64[24], search_sum_s float64[24]: number and total seconds of
    searches (drop-off to next pickup), by the hour of that pickup; search_s: their durations. trip_s, trip_m: trip durations,
    distances.
    """

    day: date
    cabs: int
    occupied_s: NDArray[np.float64]
    vacant_s: NDArray[np.float64]
    vacant_m: float | None
    searches: NDArray[np.int64]
    search_sum_s: NDArray[np.float64]
    search_s: Histogram
    trip_s: Histogram
    trip_m: Histogram


def observed_bytes(days: Sequence[CabDay]) -> bytes:
    """Serialise days as `observed.json`."""
    rows = [_row(day) for day in days]
    text = ",\n  ".join(json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows)
    head = json.dumps({"format": FORMAT, "bin_s": BIN_S, "bin_m": BIN_M}, separators=(",", ":"))
    return f'{head[:-1]},"days":[\n  {text}\n]}}\n'.encode()


def observed_from_bytes(data: bytes, place: str) -> tuple[CabDay, ...]:
    """Parse `observed.json`. BadInput for another format, a missing key, or impossible numbers."""
    try:
        content = json.loads(data)
        if (content["format"], content["bin_s"], content["bin_m"]) != (FORMAT, BIN_S, BIN_M):
            found = f"{content['format']}, {content['bin_s']} s, {content['bin_m']} m"
            raise refuse(f"the format is {FORMAT} with bins of {BIN_S} s and {BIN_M} m", found, place, _REMEDY)
        return tuple(_cab_day(row) for row in content["days"])
    except (ValueError, KeyError, TypeError) as error:
        raise refuse("observed.json must match its format", repr(error), place, _REMEDY) from error


def _row(day: CabDay) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "cabs": day.cabs,
        "occupied_s": _whole(day.occupied_s),
        "vacant_s": _whole(day.vacant_s),
        "vacant_m": None if day.vacant_m is None else round(day.vacant_m),
        "searches": _whole(day.searches),
        "search_sum_s": _whole(day.search_sum_s),
        "search_s": _histogram_row(day.search_s),
        "trip_s": _histogram_row(day.trip_s),
        "trip_m": _histogram_row(day.trip_m),
    }


def _histogram_row(part: Histogram) -> dict[str, Any]:
    """Counts without trailing zeros."""
    used = np.flatnonzero(part.counts)
    return {"total": round(part.total), "counts": _whole(part.counts[: int(used[-1]) + 1] if len(used) else part.counts[:0])}


def _whole(values: NDArray[Any]) -> list[int]:
    return [round(float(value)) for value in values]


def _cab_day(row: dict[str, Any]) -> CabDay:
    return CabDay(
        day=date.fromisoformat(row["day"]),
        cabs=int(row["cabs"]),
        occupied_s=_hours(row["occupied_s"]),
        vacant_s=_hours(row["vacant_s"]),
        vacant_m=None if row["vacant_m"] is None else _at_least_zero(float(row["vacant_m"])),
        searches=_hours(row["searches"]).astype(np.int64),
        search_sum_s=_hours(row["search_sum_s"]),
        search_s=_parse_histogram(row["search_s"], BIN_S, SECOND_BINS),
        trip_s=_parse_histogram(row["trip_s"], BIN_S, SECOND_BINS),
        trip_m=_parse_histogram(row["trip_m"], BIN_M, METRE_BINS),
    )


def _hours(values: list[float]) -> NDArray[np.float64]:
    found = np.array(values, np.float64)
    if found.shape != (HOURS,) or not (found >= 0).all():
        raise ValueError(f"not {HOURS} numbers from 0: {values}")
    return found


def _parse_histogram(row: dict[str, Any], step: float, bins: int) -> Histogram:
    given = np.array(row["counts"], np.int64)
    if given.ndim != 1 or len(given) > bins or (given < 0).any():
        raise ValueError(f"not at most {bins} counts from 0")
    counts = np.zeros(bins, np.int64)
    counts[: len(given)] = given
    return Histogram(step, counts, _at_least_zero(float(row["total"])))


def _at_least_zero(value: float) -> float:
    if not value >= 0:
        raise ValueError(f"{value} is below 0")
    return value
