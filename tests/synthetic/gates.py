"""Synthetic gates: regions whose true effects are known, to measure how often the rule errs in them.

Arrays: cells (n, F, D, R) float64, revenue in minor units of n gates, F = 2 forecasts (ml, statistics), D days, R seeds;
guardrail cells (n, G, D, R). Noise is that of the paired difference, in percent of mean production revenue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Interval, Verdict
from tunegate.gate.guardrails import guardrail_status
from tunegate.gate.intervals import FloatArray, paired_days_pct, wider_half_width
from tunegate.gate.judgement import GuardrailOutcome
from tunegate.gate.policy import GuardrailKind
from tunegate.gate.rule import Demands, Findings, decide
from tunegate.gate.variance import components, seeds_suffice
from tunegate.gate.versions import CURRENT_RULE

MEAN_REVENUE_MINOR = 1e7
_STUDENT_DEGREES = 4


class Noise(StrEnum):
    """What the noise of day differences is like, always with the standard deviation the region names.

    UNEQUAL has two days of each seven at three times the standard deviation of the others; HEAVY is Student's t with four
    degrees of freedom, for days and for seeds.
    """

    NORMAL = "normal"
    UNEQUAL = "unequal variances"
    HEAVY = "heavy tails"


@dataclass(frozen=True, slots=True)
class SyntheticRegion:
    """True effects and noise of a synthetic region; effects and standard deviations in percent of production's mean revenue.

    `day_correlation` is that of one day's difference with the next (AR(1)), `forecast_correlation` that of ml's noise with the
    fallback's, `revenue_cv_pct` how much days differ in revenue. Each guardrail has a margin of `guardrail_margin_errors`
    standard errors; the first `harmed_guardrails` of them get worse by exactly that in truth, the others do not change.
    """

    effect_ml_pct: float = 0.0
    effect_statistics_pct: float = 0.0
    days: int = 14
    seeds: int = 4
    sd_day_pct: float = 0.5
    sd_seed_pct: float = 1.2
    day_correlation: float = 0.0
    forecast_correlation: float = 0.5
    revenue_cv_pct: float = 10.7
    noise: Noise = Noise.NORMAL
    guardrails: int = 0
    guardrail_margin_errors: float = 4.0
    harmed_guardrails: int = 0

    @property
    def guardrail_margin_pct(self) -> float:
        """The margin of every guardrail; their noise is that of revenue."""
        variance = self.sd_day_pct**2 + self.sd_seed_pct**2 / self.seeds
        return self.guardrail_margin_errors * math.sqrt(variance / self.days)


@dataclass(frozen=True, slots=True)
class SyntheticGates:
    """Cells of both arms, and of the guarded metrics."""

    production: FloatArray
    candidate: FloatArray
    guarded_production: FloatArray
    guarded_candidate: FloatArray


def draw_gates(region: SyntheticRegion, gates: int, generator: np.random.Generator) -> SyntheticGates:
    """Independent gates in one region."""
    own = _noise_pct(region, (gates, 2), generator)
    shared = _noise_pct(region, (gates, 1), generator)
    weight = math.sqrt(region.forecast_correlation)
    noise = weight * shared + math.sqrt(1.0 - region.forecast_correlation) * own
    day_factor = 1.0 + region.revenue_cv_pct / 100.0 * generator.standard_normal((gates, 1, region.days, 1)).clip(-3, 3)
    production = np.broadcast_to(MEAN_REVENUE_MINOR * day_factor, noise.shape)
    effects = np.array([region.effect_ml_pct, region.effect_statistics_pct])[:, np.newaxis, np.newaxis]
    candidate = production * (1.0 + effects / 100.0) + MEAN_REVENUE_MINOR * noise / 100.0
    guarded = np.full((gates, region.guardrails, region.days, region.seeds), 100.0)
    harm = np.where(np.arange(region.guardrails) < region.harmed_guardrails, region.guardrail_margin_pct, 0.0)
    changed = guarded - harm[:, np.newaxis, np.newaxis] + _noise_pct(region, (gates, region.guardrails), generator)
    return SyntheticGates(production, candidate, guarded, changed)


def judge_gates(
    drawn: SyntheticGates, region: SyntheticRegion, demands: Demands, level: float
) -> list[tuple[Verdict, Interval]]:
    """The verdict and the ml interval of every gate: intervals of all gates at once, then the gate's own rule for each."""
    estimates, half_widths = _intervals(paired_days_pct(drawn.production, drawn.candidate), level)
    guarded, guarded_widths = _intervals(paired_days_pct(drawn.guarded_production, drawn.guarded_candidate), level)
    judged = []
    for gate in range(len(estimates)):
        ml, statistics = (_interval(estimates[gate, index], half_widths[gate, index]) for index in (0, 1))
        cells_pct = 100.0 * (drawn.candidate[gate, 0] - drawn.production[gate, 0]) / drawn.production[gate, 0].mean()
        parts = components(cells_pct)
        guardrails = tuple(
            guardrail_outcome(_interval(estimate, width), region)
            for estimate, width in zip(guarded[gate], guarded_widths[gate], strict=True)
        )
        findings = Findings(region.days, ml, statistics, guardrails, parts is None or seeds_suffice(parts, region.seeds))
        judged.append((decide(findings, demands), ml))
    return judged


def guardrail_outcome(interval: Interval, region: SyntheticRegion) -> GuardrailOutcome:
    """A synthetic guardrail: a metric that should be high, judged in percent against the region's margin."""
    status = guardrail_status(interval.low_pct, interval.high_pct, Direction.HIGHER, region.guardrail_margin_pct)
    return GuardrailOutcome(
        "guarded",
        Direction.HIGHER,
        GuardrailKind.RELATIVE_PCT,
        region.guardrail_margin_pct,
        interval.estimate_pct,
        interval.low_pct,
        interval.high_pct,
        status,
    )


def _intervals(days_pct: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    return days_pct.mean(axis=-1), wider_half_width(days_pct, level, CURRENT_RULE)


def _interval(estimate: np.float64, half_width: np.float64) -> Interval:
    return Interval(float(estimate), float(estimate - half_width), float(estimate + half_width))


def _noise_pct(region: SyntheticRegion, series: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
    """Noise (…, D, R) of paired differences: a part per day, correlated in time, and a part per seed."""
    day = _standard(region, (*series, region.days), generator)
    correlation = region.day_correlation
    for index in range(1, region.days):
        day[..., index] = correlation * day[..., index - 1] + math.sqrt(1.0 - correlation**2) * day[..., index]
    seed = _standard(region, (*series, region.days, region.seeds), generator)
    noise: FloatArray = region.sd_day_pct * day[..., np.newaxis] + region.sd_seed_pct * seed
    if region.noise is Noise.UNEQUAL:
        restless = np.where(np.arange(region.days) % 7 >= 5, 3.0, 1.0)
        noise *= (restless / math.sqrt((restless**2).mean()))[:, np.newaxis]
    return noise


def _standard(region: SyntheticRegion, shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
    """Draws with mean 0 and standard deviation 1."""
    if region.noise is Noise.HEAVY:
        scale = math.sqrt(_STUDENT_DEGREES / (_STUDENT_DEGREES - 2))
        return generator.standard_t(_STUDENT_DEGREES, shape) / scale
    return generator.standard_normal(shape)
