"""How much of the noise is days and how much is seeds: balanced one-way random-effects analysis of variance.

`cells_pct` (D, R) float64 is the paired difference of each day and seed, in percent of production's mean. With day means y_d
and variance s² within days, E[s²] = sigma²_seed and E[var(y_d)] = tau²_day + sigma²_seed / R (Searle, Casella, McCulloch 1992).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tunegate.gate.intervals import FloatArray
from tunegate.gate.judgement import VarianceComponents

SEEDS_SUFFICE_SHARE = 0.25
"""Once sigma²_seed / R is at most this share of tau²_day, more seeds hardly narrow the interval."""


def components(cells_pct: FloatArray) -> VarianceComponents | None:
    """Standard deviations between days and between seeds of a day; None with fewer than two days."""
    days, seeds = cells_pct.shape
    if days < 2:
        return None
    between = float(cells_pct.mean(axis=1).var(ddof=1))
    if seeds < 2:
        return VarianceComponents(days, seeds, math.sqrt(between), None, math.sqrt(between))
    within = float(cells_pct.var(axis=1, ddof=1).mean())
    day = max(0.0, between - within / seeds)
    return VarianceComponents(days, seeds, math.sqrt(day), math.sqrt(within), math.sqrt(between))


def pooled(parts: Sequence[VarianceComponents]) -> VarianceComponents:
    """The components of several differences on the same days and seeds, their mean squares averaged.

    Two tuning days leave one degree of freedom for the noise between days; each further set of parameters adds another. Raises
    ValueError when there is nothing to pool, or when days or seeds differ.
    """
    shapes = {(part.days, part.seeds) for part in parts}
    if len(shapes) != 1:
        raise ValueError(f"components must be of equal days and seeds to be pooled, but got {sorted(shapes)}")
    ((days, seeds),) = shapes
    between = sum(part.sd_day_mean**2 for part in parts) / len(parts)
    squares = [part.sd_seed**2 for part in parts if part.sd_seed is not None]
    if len(squares) < len(parts):
        return VarianceComponents(days, seeds, math.sqrt(between), None, math.sqrt(between))
    within = sum(squares) / len(squares)
    day = max(0.0, between - within / seeds)
    return VarianceComponents(days, seeds, math.sqrt(day), math.sqrt(within), math.sqrt(between))


def day_mean_sd(parts: VarianceComponents, seeds: int) -> float:
    """Standard deviation of a day's mean difference when it is simulated with another number of seeds."""
    if parts.sd_seed is None:
        return parts.sd_day
    return math.sqrt(parts.sd_day**2 + parts.sd_seed**2 / seeds)


def seeds_suffice(parts: VarianceComponents, seeds: int) -> bool:
    """Whether more seeds than these are useless, so that only more days help. True with one seed, where it is unknown."""
    return parts.sd_seed is None or parts.sd_seed**2 / seeds <= SEEDS_SUFFICE_SHARE * parts.sd_day**2
