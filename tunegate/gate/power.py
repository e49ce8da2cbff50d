"""What a gate of some budget will be able to see, said before anything is spent on it.

The noise comes from tuning days, on which production and some other parameters were simulated side by side; the power from
drawing thousands of gates with that noise and applying the gate's own intervals to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from tunegate.domain.days import Forecast, SimulationAnswer
from tunegate.gate.detectable import (
    expected_half_width_pct,
    fallback_unit_gates,
    minimum_detectable_effect_pct,
    unit_gates,
)
from tunegate.gate.evidence import Pattern
from tunegate.gate.grid import REVENUE, PairedRows, metric_cells, paired_rows
from tunegate.gate.intervals import FloatArray
from tunegate.gate.judgement import VarianceComponents
from tunegate.gate.plan import GatePlan
from tunegate.gate.policy import FEWEST_DAYS, GatePolicy
from tunegate.gate.power_guardrails import GuardrailForecast, forecast_guardrails
from tunegate.gate.variance import components, day_mean_sd, pooled, seeds_suffice

TARGET_POWER = 0.9
TARGET_EFFECT_PCT = 1.0
MOST_SEEDS = 16
MOST_DAYS = 56


@dataclass(frozen=True, slots=True)
class TuningRuns:
    """Production and another set of parameters on the same tuning days and seeds; the statistics forecast may be missing."""

    days: tuple[date, ...]
    seeds: tuple[int, ...]
    answers: Mapping[Pattern, SimulationAnswer]


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviations of both forecasts' differences, and the correlation of their day means."""

    ml: VarianceComponents
    statistics: VarianceComponents
    correlation: float


@dataclass(frozen=True, slots=True)
class Advice:
    """The cheapest budget that reaches the target power at +1 % under both forecasts, or the nearest to it."""

    plan: GatePlan
    power: float
    reaches_target: bool
    why: str


@dataclass(frozen=True, slots=True)
class PowerForecast:
    """What a planned gate can do. Powers are shares between 0 and 1, with that effect under both forecasts."""

    plan: GatePlan
    noise: Noise
    half_width_pct: float | None
    minimum_detectable_effect_pct: float | None
    power_at_1_pct: float
    power_at_1_4_pct: float
    seeds_suffice: bool
    advice: Advice
    guardrails: tuple[GuardrailForecast, ...]


def forecast_power(runs: TuningRuns, plan: GatePlan, policy: GatePolicy, others: Sequence[TuningRuns] = ()) -> PowerForecast:
    """What this plan will see.

    `others` are further sets of parameters on the same days and seeds, whose noise is pooled with the first one's: with few
    tuning days that is what makes the forecast worth reading. Raises ValueError when ml runs are incomplete, on fewer than two
    days, or when days and seeds differ.
    """
    ml_rows = [_complete(each) for each in (runs, *others)]
    noise = measure_noise(ml_rows, [paired_rows(each, Forecast.STATISTICS) for each in (runs, *others)])
    sd = day_mean_sd(noise.ml, plan.seeds)
    return PowerForecast(
        plan=plan,
        noise=noise,
        half_width_pct=expected_half_width_pct(sd, plan.days, plan.level),
        minimum_detectable_effect_pct=minimum_detectable_effect_pct(sd, plan.days, plan.level, policy.minimum_effect_pct),
        power_at_1_pct=power_at(1.0, 1.0, noise, plan, policy),
        power_at_1_4_pct=power_at(1.4, 1.4, noise, plan, policy),
        seeds_suffice=seeds_suffice(noise.ml, plan.seeds),
        advice=advise(noise, plan, policy),
        guardrails=forecast_guardrails(ml_rows, plan, policy),
    )


def measure_noise(ml: Sequence[PairedRows], statistics: Sequence[PairedRows | None]) -> Noise:
    """Variance components on tuning days; without all statistics runs the fallback counts as equally noisy and independent."""
    ml_cells = [_revenue_cells_pct(rows) for rows in ml]
    ml_parts = pooled([_components(cells) for cells in ml_cells])
    complete = [rows for rows in statistics if rows is not None]
    if len(complete) < len(ml):
        return Noise(ml_parts, ml_parts, 0.0)
    statistics_cells = [_revenue_cells_pct(rows) for rows in complete]
    centred = [np.concatenate([_centred_days(cells) for cells in each]) for each in (ml_cells, statistics_cells)]
    return Noise(ml_parts, pooled([_components(cells) for cells in statistics_cells]), _correlation(centred[0], centred[1]))


def power_at(effect_ml_pct: float, effect_statistics_pct: float, noise: Noise, plan: GatePlan, policy: GatePolicy) -> float:
    """The chance that both revenue parts of the rule pass at these true effects; guardrails are not counted."""
    if plan.days < max(FEWEST_DAYS, policy.minimum_days):
        return 0.0
    sd_ml, sd_statistics = day_mean_sd(noise.ml, plan.seeds), day_mean_sd(noise.statistics, plan.seeds)
    means, half_widths = unit_gates(plan.days, plan.level)
    fallback_means, fallback_widths = fallback_unit_gates(plan.days, plan.level, noise.correlation)
    proven = effect_ml_pct + sd_ml * (means - half_widths) > 0
    worth_it = effect_ml_pct + sd_ml * means >= policy.minimum_effect_pct
    safe = effect_statistics_pct + sd_statistics * (fallback_means - fallback_widths) > -policy.fallback_margin_pct
    return float((proven & worth_it & safe).mean())


def advise(noise: Noise, plan: GatePlan, policy: GatePolicy) -> Advice:
    """Days and seeds to plan for. Seeds first, on the days there are; past the point where seeds are useless, more days."""
    useful = next((seeds for seeds in range(1, MOST_SEEDS + 1) if seeds_suffice(noise.ml, seeds)), MOST_SEEDS)
    fewest = max(FEWEST_DAYS, policy.minimum_days)
    within = [GatePlan(days, seeds, plan.level) for days in range(fewest, plan.days + 1) for seeds in range(1, useful + 1)]
    for each in sorted(within, key=lambda one: (one.simulated_days, -one.days)):
        power = _target_power(noise, each, policy)
        if power >= TARGET_POWER:
            return Advice(each, power, reaches_target=True, why="the cheapest budget on the days there are")
    for days in range(max(fewest, plan.days + 1), MOST_DAYS + 1):
        each = GatePlan(days, useful, plan.level)
        power = _target_power(noise, each, policy)
        if power >= TARGET_POWER:
            why = f"beyond {useful} seeds a day nothing is gained, so it takes more days than the {plan.days} planned"
            return Advice(each, power, reaches_target=True, why=why)
    most = GatePlan(max(MOST_DAYS, plan.days), useful, plan.level)
    why = f"not even {most.days} days suffice: the days differ too much, or the minimum effect is too near to 1 %"
    return Advice(most, _target_power(noise, most, policy), reaches_target=False, why=why)


def _target_power(noise: Noise, plan: GatePlan, policy: GatePolicy) -> float:
    return power_at(TARGET_EFFECT_PCT, TARGET_EFFECT_PCT, noise, plan, policy)


def _revenue_cells_pct(rows: PairedRows) -> FloatArray:
    production, candidate = metric_cells(rows.production, REVENUE), metric_cells(rows.candidate, REVENUE)
    if production is None or candidate is None or not production.mean() > 0:
        raise ValueError("revenue must be a finite amount on every tuning day, and above zero on some")
    cells: FloatArray = 100.0 * (candidate - production) / production.mean()
    return cells


def _complete(runs: TuningRuns) -> PairedRows:
    rows = paired_rows(runs, Forecast.ML)
    if rows is None:
        raise ValueError("both arms must be there for every tuning day and seed with the ml forecast, but some are missing")
    return rows


def _centred_days(cells_pct: FloatArray) -> FloatArray:
    days = cells_pct.mean(axis=1)
    centred: FloatArray = days - days.mean()
    return centred


def _components(cells_pct: FloatArray) -> VarianceComponents:
    parts = components(cells_pct)
    if parts is None:
        raise ValueError(f"`tuning days >= 2` must hold to tell days from seeds, but got {cells_pct.shape[0]}")
    return parts


def _correlation(one: FloatArray, other: FloatArray) -> float:
    """Correlation of day means, rounded so that draws can be kept; 0 where one of them does not vary."""
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return round(float(np.clip(np.corrcoef(one, other)[0, 1], -0.99, 0.99)), 2)
