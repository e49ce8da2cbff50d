"""Figures of simulated days compared with those of recorded ones, with aims.

A figure missing from the records (no vacant runs, no distances) is None, and its aim is neither met nor missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from hailsim.model.cab_days import CabDay, Histogram, sum_histograms
from hailsim.validation.simulated import Pickups

KMH = 3.6


class AimKind(Enum):
    """The kind of bound on the simulated figure.

    WITHIN_PCT: difference in percent of the observed figure. WITHIN_POINTS: difference in the figure's own unit. AT_LEAST:
    the simulated figure itself; the observed one does not count.
    """

    WITHIN_PCT = "within %"
    WITHIN_POINTS = "within points"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a simulated figure has to reach.

    bound: inclusive; in percent, or in the unit of the figure, depending on the kind.
    """

    kind: AimKind
    bound: float

    def met(self, observed: float | None, simulated: float | None) -> bool | None:
        """Whether the aim is met; None if a side is missing."""
        if simulated is None:
            return None
        if self.kind is AimKind.AT_LEAST:
            return simulated >= self.bound
        if observed is None:
            return None
        difference = abs(simulated - observed)
        return difference <= (self.bound if self.kind is AimKind.WITHIN_POINTS else self.bound / 100.0 * abs(observed))

    def __str__(self) -> str:
        return {
            AimKind.WITHIN_PCT: f"within {self.bound:g} %",
            AimKind.WITHIN_POINTS: f"within {self.bound:g} points",
            AimKind.AT_LEAST: f"at least {self.bound:g}",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the comparison."""

    name: str
    unit: str
    observed: float | None
    simulated: float | None
    aim: Aim | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without an aim or without a figure."""
        return None if self.aim is None else self.aim.met(self.observed, self.simulated)


@dataclass(frozen=True, slots=True)
class ComparisonSide:
    """One side of the comparison, by day (seeds of a day are consecutive); empty lists where unknown."""

    pickups: Sequence[Pickups]
    cabs: Sequence[CabDay]

    def by_hour(self) -> NDArray[np.float64]:
        """Mean pickups float64[24] a day by hour."""
        return _mean_over([day.by_hour for day in self.pickups])

    def by_zone(self) -> NDArray[np.float64]:
        """Mean pickups float64[Z] a day by cell."""
        return _mean_over([day.by_zone for day in self.pickups])

    def active_by_hour(self) -> NDArray[np.float64] | None:
        """Mean cabs at work float64[24] by hour."""
        return _mean_over([(day.occupied_s + day.vacant_s) / 3600.0 for day in self.cabs]) if self.cabs else None

    def search_by_hour(self) -> NDArray[np.float64] | None:
        """Mean search float64[24] in seconds by hour of pickup; NaN in hours without any."""
        searches = np.sum([day.searches for day in self.cabs], axis=0) if self.cabs else np.zeros(24)
        if not searches.sum():
            return None
        sums = np.sum([day.search_sum_s for day in self.cabs], axis=0, dtype=np.float64)
        mean: NDArray[np.float64] = np.divide(sums, searches, out=np.full(24, np.nan), where=searches > 0)
        return mean

    def histogram(self, part: Callable[[CabDay], Histogram]) -> Histogram | None:
        """One histogram summed over all days; None if empty."""
        if not self.cabs:
            return None
        found = sum_histograms([part(day) for day in self.cabs])
        return found if found.count else None

    def occupied_pct(self) -> float | None:
        """Occupied share of cab time."""
        occupied, vacant = (sum(float(getattr(day, name).sum()) for day in self.cabs) for name in ("occupied_s", "vacant_s"))
        return 100.0 * occupied / (occupied + vacant) if occupied + vacant else None

    def vacant_kmh(self) -> float | None:
        """Speed while vacant."""
        metres = [day.vacant_m for day in self.cabs if day.vacant_m is not None]
        vacant_s = sum(float(day.vacant_s.sum()) for day in self.cabs)
        return KMH * sum(metres) / vacant_s if vacant_s and len(metres) == len(self.cabs) else None

    def occupied_kmh(self) -> float | None:
        """Speed with a customer: total metres over total seconds."""
        metres, seconds = self.histogram(lambda day: day.trip_m), self.histogram(lambda day: day.trip_s)
        return KMH * metres.total / seconds.total if metres and seconds and seconds.total else None


def compare(observed: ComparisonSide, simulated: ComparisonSide) -> list[Figure]:
    """Every figure of the comparison, those with an aim first."""
    search = _pair(observed, simulated, lambda day: day.search_s)
    trip_s, trip_m = _pair(observed, simulated, lambda day: day.trip_s), _pair(observed, simulated, lambda day: day.trip_m)
    hours = _correlation(observed.by_hour(), simulated.by_hour())
    cells = _rank_correlation(observed.by_zone(), simulated.by_zone())
    trips = float(observed.by_hour().sum()), float(simulated.by_hour().sum())
    occupied = observed.occupied_pct(), simulated.occupied_pct()
    return [
        Figure("trips a day", "trips", *trips, Aim(AimKind.WITHIN_PCT, 10.0)),
        Figure("occupied share", "%", *occupied, Aim(AimKind.WITHIN_POINTS, 5.0)),
        Figure("search, mean", "s", *_of(search, _mean), Aim(AimKind.WITHIN_PCT, 15.0)),
        Figure("pickups by hour, correlation", "", 1.0, hours, Aim(AimKind.AT_LEAST, 0.95)),
        Figure("pickups by cell, rank correlation", "", 1.0, cells, Aim(AimKind.AT_LEAST, 0.9)),
        Figure("search, median", "s", *_of(search, _quantile(0.5))),
        Figure("search, 90th percentile", "s", *_of(search, _quantile(0.9))),
        Figure("mean search by hour, correlation", "", 1.0, _curve(observed.search_by_hour(), simulated.search_by_hour())),
        Figure("trip time, mean", "s", *_of(trip_s, _mean)),
        Figure("trip time, median", "s", *_of(trip_s, _quantile(0.5))),
        Figure("trip distance, mean", "m", *_of(trip_m, _mean)),
        Figure("trip distance, median", "m", *_of(trip_m, _quantile(0.5))),
        Figure("cabs at work, mean", "cabs", _mean_of(observed.active_by_hour()), _mean_of(simulated.active_by_hour())),
        Figure("cabs at work by hour, correlation", "", 1.0, _curve(observed.active_by_hour(), simulated.active_by_hour())),
        Figure("speed while vacant", "km/h", observed.vacant_kmh(), simulated.vacant_kmh()),
        Figure("speed while occupied", "km/h", observed.occupied_kmh(), simulated.occupied_kmh()),
    ]


HistogramPair = tuple[Histogram | None, Histogram | None]
FigurePair = tuple[float | None, float | None]


def _pair(observed: ComparisonSide, simulated: ComparisonSide, part: Callable[[CabDay], Histogram]) -> HistogramPair:
    return observed.histogram(part), simulated.histogram(part)


def _of(pair: HistogramPair, figure: Callable[[Histogram], float | None]) -> FigurePair:
    return None if pair[0] is None else figure(pair[0]), None if pair[1] is None else figure(pair[1])


def _mean_over(days: Sequence[NDArray[np.int64]] | Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.stack(days).mean(axis=0, dtype=np.float64)
    return mean


def _mean(part: Histogram) -> float | None:
    return part.mean


def _quantile(share: float) -> Callable[[Histogram], float | None]:
    return lambda part: part.quantile(share)


def _mean_of(values: NDArray[np.float64] | None) -> float | None:
    return None if values is None else float(values.mean())


def _curve(first: NDArray[np.float64] | None, second: NDArray[np.float64] | None) -> float | None:
    if first is None or second is None:
        return None
    both = np.isfinite(first) & np.isfinite(second)
    return _correlation(first[both], second[both])


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    if len(first) < 2 or not np.ptp(first) or not np.ptp(second):
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    if len(first) < 2 or not np.ptp(first) or not np.ptp(second):
        return None
    return float(spearmanr(first, second)[0])
