"""Days in figures that records and simulation share, each on a scale on which a difference of 0.1 is about 10 %.

A figure that the records do not hold (no vacant runs, no searches) is NaN there and takes no part in a calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from hailsim.model.cab_days import HOURS, Histogram
from hailsim.validation.compare import ComparisonSide

HOURS_A_BLOCK = 3
BLOCKS = HOURS // HOURS_A_BLOCK
CELL_GROUPS = 6
SEARCH_QUANTILES = (0.5, 0.75, 0.9)
# Half a pickup in every block of hours and group of cells, so that an empty one has a logarithm.
_SMALLEST = 0.5
# So many searches of the mean length stand against a block's own.
_SEARCHES_BEFORE = 1.0


class Scale(Enum):
    """How a figure is transformed.

    LOG: the logarithm, for positive values. LOGIT: the logarithm of the odds, for shares.
    """

    LOG = "log"
    LOGIT = "logit"


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """One figure, which is compared on a transformed scale.

    unit: of its natural value; `%` for a share, which is transformed as a fraction of 1.
    """

    name: str
    unit: str
    scale: Scale = Scale.LOG

    def natural(self, value: float) -> float:
        """The figure as people read it; shares in percent."""
        factor = 100.0 if self.unit == "%" else 1.0
        return factor * float(np.exp(value) if self.scale is Scale.LOG else 1.0 / (1.0 + np.exp(-value)))


def figure_specs(day_start_hour: int) -> tuple[FigureSpec, ...]:
    """All figures in the order of `figures_of`."""
    starts = [(day_start_hour + HOURS_A_BLOCK * block) % HOURS for block in range(BLOCKS)]
    blocks = [f"{start:02}h to {(start + HOURS_A_BLOCK) % HOURS:02}h" for start in starts]
    return (
        FigureSpec("trips a day", "trips"),
        FigureSpec("occupied share", "%", Scale.LOGIT),
        FigureSpec("search, mean", "s"),
        *(FigureSpec(f"search, {quantile:.0%} quantile", "s") for quantile in SEARCH_QUANTILES),
        FigureSpec("trip time, mean", "s"),
        FigureSpec("trip time, median", "s"),
        *(FigureSpec(f"pickups {block}", "%") for block in blocks),
        *(FigureSpec(f"pickups in cell group {group + 1} of {CELL_GROUPS}", "%") for group in range(CELL_GROUPS)),
        *(FigureSpec(f"mean search {block} over the day's", "ratio") for block in blocks),
    )


# Shown first and compared on other days; the rest is their shape over the day and the city.
HEADLINES = 8


def cell_groups(pickups_by_zone: NDArray[np.float64]) -> NDArray[np.int64]:
    """Cells int64[Z] in CELL_GROUPS groups with about as many pickups each, the busiest cells first."""
    order = np.argsort(-pickups_by_zone, kind="stable")
    share = np.cumsum(pickups_by_zone[order]) / pickups_by_zone.sum()
    group = np.empty(len(order), np.int64)
    group[order] = np.minimum((share * CELL_GROUPS).astype(np.int64), CELL_GROUPS - 1)
    return group


def figures_of(side: ComparisonSide, group: NDArray[np.int64]) -> NDArray[np.float64]:
    """The figures of days, recorded or simulated, float64[F]."""
    by_hour = side.by_hour().reshape(BLOCKS, HOURS_A_BLOCK).sum(axis=1)
    by_group = np.bincount(group, side.by_zone(), minlength=CELL_GROUPS).astype(np.float64)
    search, trip_s = side.histogram(lambda day: day.search_s), side.histogram(lambda day: day.trip_s)
    occupied = side.occupied_pct()
    return np.array(
        [
            np.log(max(by_hour.sum(), _SMALLEST)),
            np.nan if occupied is None else _logit(occupied / 100.0),
            _log_mean(search),
            *(_log_quantile(search, quantile) for quantile in SEARCH_QUANTILES),
            _log_mean(trip_s),
            _log_quantile(trip_s, 0.5),
            *_log_shares(by_hour),
            *_log_shares(by_group),
            *_search_by_block(side, search),
        ]
    )


def _logit(share: float) -> float:
    inside = min(max(share, 1e-3), 1.0 - 1e-3)
    return float(np.log(inside / (1.0 - inside)))


def _log_mean(part: Histogram | None) -> float:
    return np.nan if part is None or part.mean is None else float(np.log(max(part.mean, 1.0)))


def _log_quantile(part: Histogram | None, share: float) -> float:
    found = None if part is None else part.quantile(share)
    return np.nan if found is None else float(np.log(max(found, 1.0)))


def _log_shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    some = counts + _SMALLEST
    shares: NDArray[np.float64] = np.log(some / some.sum())
    return shares


def _search_by_block(side: ComparisonSide, search: Histogram | None) -> Sequence[float]:
    if search is None or search.mean is None:
        return [np.nan] * BLOCKS
    mean_s = max(search.mean, 1.0)
    count = np.sum([day.searches for day in side.cabs], axis=0).reshape(BLOCKS, -1).sum(axis=1)
    total_s = np.sum([day.search_sum_s for day in side.cabs], axis=0).reshape(BLOCKS, -1).sum(axis=1)
    block_s = (total_s + _SEARCHES_BEFORE * mean_s) / (count + _SEARCHES_BEFORE)
    return [float(value) for value in np.log(np.maximum(block_s, 1.0) / mean_s)]
