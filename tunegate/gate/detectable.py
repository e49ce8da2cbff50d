"""How small an effect a gate can see: Monte Carlo on the gate's own interval, with a keyed stream and in units of one sd.

A gate's answer depends on the days only through their mean m and half-width h. For standard normal days both are drawn once per
number of days and level; the candidate passes at a true effect delta exactly when delta > max(sd·(h - m), minimum - sd·m), so
one set of draws gives the whole power curve.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from tunegate.gate.intervals import FloatArray, keyed_generator, wider_half_width
from tunegate.gate.policy import FEWEST_DAYS
from tunegate.gate.versions import CURRENT_RULE, RuleVersion

DRAWS = 8_000
DETECTABLE_POWER = 0.8


@lru_cache(maxsize=256)
def unit_gates(days: int, level: float, rule: RuleVersion = CURRENT_RULE) -> tuple[FloatArray, FloatArray]:
    """Means and half-widths (n,) of `DRAWS` gates on standard normal days."""
    return _unit_gates(days, level, 0.0, "ml", rule)


@lru_cache(maxsize=256)
def fallback_unit_gates(days: int, level: float, correlation: float) -> tuple[FloatArray, FloatArray]:
    """The same for the fallback of those gates, whose days are correlated with the ml days."""
    return _unit_gates(days, level, correlation, "statistics", CURRENT_RULE)


def _unit_gates(days: int, level: float, correlation: float, stream: str, rule: RuleVersion) -> tuple[FloatArray, FloatArray]:
    values = keyed_generator("unit gates", stream, days).standard_normal((DRAWS, days))
    if correlation:
        ml = keyed_generator("unit gates", "ml", days).standard_normal((DRAWS, days))
        values = correlation * ml + math.sqrt(1.0 - correlation**2) * values
    return values.mean(axis=-1), wider_half_width(values, level, rule)


def passing_effects(
    sd_day_mean: float, days: int, level: float, minimum_effect_pct: float, rule: RuleVersion = CURRENT_RULE
) -> FloatArray:
    """For each drawn gate the smallest true effect (n,) in percent at which its ml part passes."""
    means, half_widths = unit_gates(days, level, rule)
    effects: FloatArray = np.maximum(sd_day_mean * (half_widths - means), minimum_effect_pct - sd_day_mean * means)
    return effects


def minimum_detectable_effect_pct(
    sd_day_mean: float, days: int, level: float, minimum_effect_pct: float, rule: RuleVersion = CURRENT_RULE
) -> float | None:
    """The true effect that passes four times out of five; None with too few days for any interval."""
    if days < FEWEST_DAYS:
        return None
    return float(np.quantile(passing_effects(sd_day_mean, days, level, minimum_effect_pct, rule), DETECTABLE_POWER))


def expected_half_width_pct(sd_day_mean: float, days: int, level: float) -> float | None:
    """The half-width a gate finds on average; None with too few days for any interval."""
    if days < FEWEST_DAYS:
        return None
    return float(sd_day_mean * unit_gates(days, level)[1].mean())
