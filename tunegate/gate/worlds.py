"""The effect over worlds: its mean, and what it may be in the one world that turns out to be true.

The true world is one draw from those that are believed, so the spread between worlds does not shrink with their number. In

    delta[w, d] = mean + a[w] + b[d] + e[w, d]

days replicate the mean (b and e average out over days), while a is drawn once more. The interval of the realised effect adds
the half-width of the mean over days and t(W - 1) * sd(a) * sqrt(1 + 1/W) in quadrature. It is then stretched, where necessary,
to every world that was played: in a skewed set the t interval misses the long tail (benchmarks/gate_worlds.py).

Arrays: `by_world`, for each world its day differences (D_w,) float64, in percent of production's mean revenue in that world.
Weighted sets count as 1 / sum(weights²) worlds (Kish 1965).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from scipy import special

from tunegate.domain.verdicts import Interval
from tunegate.gate.intervals import NO_SPREAD_PCT, FloatArray, interval_of
from tunegate.gate.judgement import RealisedEffect, WorldEffect
from tunegate.gate.versions import CURRENT_RULE, RuleVersion
from tunegate.gate.world_design import WorldDesign

ByWorld = Sequence[FloatArray]

FEWEST_WORLDS = 2
_FEWEST_WORLDS_FOR_SKEWNESS = 3


def world_effects(
    names: Sequence[str], by_world: ByWorld, design: WorldDesign, level: float, rule: RuleVersion = CURRENT_RULE
) -> tuple[WorldEffect, ...]:
    """The effect in each world with its own interval over days; no bounds where none can be computed."""
    effects = []
    for name, days, weight in zip(names, by_world, design.weights, strict=True):
        interval = interval_of(days, level, rule)
        low, high = (None, None) if interval is None else (interval.low_pct, interval.high_pct)
        effects.append(WorldEffect(name, weight, float(days.mean()), low, high))
    return tuple(effects)


def realised_effect(by_world: ByWorld, design: WorldDesign, mean: Interval, level: float) -> RealisedEffect | None:
    """The prediction for the true world, given the interval of the mean at the same one-sided level.

    None with fewer than two worlds, or where all the weight is on one.
    """
    effective = design.effective_worlds
    if len(by_world) < FEWEST_WORLDS or effective - 1.0 < NO_SPREAD_PCT:
        return None
    effects, weights = _effects_of(by_world), np.array(design.weights)
    spread = math.sqrt(between_worlds_variance(by_world, design))
    degrees = effective - 1.0
    half_days = mean.high_pct - mean.estimate_pct
    half_worlds = float(special.stdtrit(degrees, 1.0 - level)) * spread * math.sqrt(1.0 + 1.0 / effective)
    half = math.hypot(half_days, half_worlds)
    return RealisedEffect(
        estimate_pct=mean.estimate_pct,
        low_pct=min(mean.estimate_pct - half, float(effects.min())),
        high_pct=max(mean.estimate_pct + half, float(effects.max())),
        sd_worlds_pct=spread,
        effective_worlds=effective,
        chance_of_loss=_chance_below_zero(mean.estimate_pct, half, degrees, level),
        skewness=_skewness(effects, weights),
    )


def between_worlds_variance(by_world: ByWorld, design: WorldDesign) -> float:
    """The variance of the true effects of worlds: that of their means, less what the noise of days puts into it, at least 0.

    The variance of means is weighted and divided by 1 - sum(weights²), which is (W - 1)/W for equal weights. Days that two
    worlds share put the same b into both means; `day_noise` tells b from e by them.
    """
    effects, weights = _effects_of(by_world), design.weights
    centre = math.fsum(weight * float(effect) for weight, effect in zip(weights, effects, strict=True))
    whole = 1.0 - math.fsum(weight**2 for weight in weights)
    of_means = math.fsum(weight * float(effect - centre) ** 2 for weight, effect in zip(weights, effects, strict=True)) / whole
    shared, own = day_noise(by_world, design)
    noise = math.fsum(
        weights[one]
        * weights[other]
        * ((shared + own) * (1.0 / len(by_world[one]) + 1.0 / len(by_world[other])) - 2.0 * shared * both)
        for one, other, both in _shared_days(design)
    )
    return max(0.0, of_means - noise / whole)


def day_noise(by_world: ByWorld, design: WorldDesign) -> tuple[float, float]:
    """The variances of b, which all worlds of a day share, and of e, which each has for itself.

    The difference of two worlds on the days that both play is free of b, which gives e; within a world the days' variance holds
    both. Where no two worlds share two days, all of it counts as e.
    """
    squares, degrees = 0.0, 0
    for one, other in combinations(range(len(by_world)), 2):
        common = sorted({*design.played[one]} & {*design.played[other]})
        if len(common) > 1:
            apart = np.array([_on(by_world, design, one, day) - _on(by_world, design, other, day) for day in common])
            squares += float(((apart - apart.mean()) ** 2).sum())
            degrees += len(common) - 1
    within = math.fsum(float(((days - days.mean()) ** 2).sum()) for days in by_world)
    both = within / sum(len(days) - 1 for days in by_world)
    own = squares / (2 * degrees) if degrees else both
    return max(0.0, both - own), own


def _on(by_world: ByWorld, design: WorldDesign, world: int, day: int) -> float:
    return float(by_world[world][design.played[world].index(day)])


def _shared_days(design: WorldDesign) -> Iterator[tuple[int, int, float]]:
    """Each pair of worlds with the number of days that both play over the product of their numbers of days."""
    for one, other in combinations(range(len(design.played)), 2):
        common = len({*design.played[one]} & {*design.played[other]})
        yield one, other, common / (len(design.played[one]) * len(design.played[other]))


def _effects_of(by_world: ByWorld) -> FloatArray:
    return np.array([days.mean() for days in by_world])


def _chance_below_zero(estimate: float, half: float, degrees: float, level: float) -> float:
    """The chance that the realised effect is below 0, on the t distribution with this half-width at this level."""
    if half < NO_SPREAD_PCT:
        return float(estimate < 0)
    scale = half / float(special.stdtrit(degrees, 1.0 - level))
    return float(special.stdtr(degrees, -estimate / scale))


def _skewness(effects: FloatArray, weights: FloatArray) -> float | None:
    """The weighted skewness of the worlds' effects; None with too few worlds or without spread."""
    centred = effects - float((weights * effects).sum())
    spread = math.sqrt(float((weights * centred**2).sum()))
    if len(effects) < _FEWEST_WORLDS_FOR_SKEWNESS or spread < NO_SPREAD_PCT:
        return None
    return float((weights * centred**3).sum() / spread**3)
