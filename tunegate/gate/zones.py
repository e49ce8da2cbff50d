"""The worst zone: no zone may lose too much for the gain of the whole city.

Simultaneous bounds by the maximum of t statistics over zones (Westfall and Young 1993; Romano and Wolf 2005). The days'
residuals are vectors over zones; flipping the sign of whole days keeps the correlation between zones, and the quantile of the
studentised maximum over all sign assignments makes every zone's bound hold at once. EWC-4 with its four degrees of freedom
could say nothing about a hundred zones at once, so correlated days are met by one correlation pooled over the zones instead.
Zones too small to stand alone are judged together.

Arrays: `zone_days` (D, Z) float64, day difference in percent of the zone's own mean production revenue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tunegate.domain.parameters import Direction
from tunegate.gate.grid import REVENUE, PairedRows, Rows, WorldRows, zone_cells
from tunegate.gate.guardrails import guardrail_status, not_computed
from tunegate.gate.intervals import NO_SPREAD_PCT, FloatArray, keyed_generator, t_quantile
from tunegate.gate.judgement import GuardrailOutcome, WorstZone, ZoneLoss
from tunegate.gate.policy import FEWEST_DAYS, GuardrailKind, GuardrailPolicy
from tunegate.gate.versions import CURRENT_RULE, RuleVersion

WORST_ZONE = "worst_zone"
POOLED = "small zones together"

_ENUMERATED_DAYS = 13
_SIGN_DRAWS = 8192
_FEW_SIGNS_DAYS = 10
_CRITICAL_DECIMALS = 4
_MOST_CORRELATION = 0.8


@dataclass(frozen=True, slots=True)
class ZoneSeries:
    """The zones judged alone and, last, the `pooled` small ones: mean over worlds.

    `cells_pct` (D, R, Z) are differences in percent of each zone's revenue, `shares_pct` (Z,) its share of production's.
    """

    names: tuple[str, ...]
    cells_pct: FloatArray
    shares_pct: FloatArray
    pooled: int


@dataclass(frozen=True, slots=True)
class ZoneFindings:
    """The worst zone as a guardrail, its details, and every zone shown to lose, largest share first."""

    outcome: GuardrailOutcome
    worst: WorstZone | None
    losing: tuple[ZoneLoss, ...] = ()


def judge_worst_zone(rows: WorldRows | None, margin_pct: float, level: float, rule: RuleVersion = CURRENT_RULE) -> ZoneFindings:
    """The zones' part of the rule; NOT_COMPUTED when zones are unknown or incomplete."""
    guardrail = GuardrailPolicy(WORST_ZONE, Direction.HIGHER, margin_pct, GuardrailKind.RELATIVE_PCT)
    if rows is None:
        return ZoneFindings(not_computed(guardrail, "day results are missing"), None)
    incomplete = next((found for pair in rows.worlds if (found := _incomplete(pair)) is not None), None)
    if incomplete is not None:
        return ZoneFindings(not_computed(guardrail, incomplete), None)
    bounds = zone_bounds(rows, level, rule)
    if bounds is None:
        note = "too few days, or a zone with the same change on every day, so no interval"
        return ZoneFindings(not_computed(guardrail, note), None)
    worst = worst_zone(bounds, margin_pct, rule)
    outcome = GuardrailOutcome(
        WORST_ZONE,
        Direction.HIGHER,
        GuardrailKind.RELATIVE_PCT,
        margin_pct,
        worst.estimate_pct,
        worst.low_pct,
        worst.high_pct,
        guardrail_status(worst.low_pct, worst.high_pct, Direction.HIGHER, margin_pct),
        f"zone {worst.zone}, of {worst.zones_judged} zones judged alone and {worst.zones_pooled} together",
    )
    return ZoneFindings(outcome, worst, losing_zones(bounds))


@dataclass(frozen=True, slots=True)
class ZoneBounds:
    """Estimates and simultaneous bounds (Z,) of the zones of a series, in percent of their own revenue."""

    series: ZoneSeries
    estimates: FloatArray
    lows: FloatArray
    highs: FloatArray
    critical_value: float


def zone_bounds(rows: WorldRows, level: float, rule: RuleVersion) -> ZoneBounds | None:
    """Bounds that hold for all zones at once; None with too few days, or with a constant change that is not zero."""
    series = zone_series(rows, rule)
    if series is None or len(series.cells_pct) < FEWEST_DAYS:
        return None
    zone_days = series.cells_pct.mean(axis=1)
    estimates = zone_days.mean(axis=0)
    errors = zone_days.std(axis=0, ddof=1) / math.sqrt(zone_days.shape[0])
    still = errors < NO_SPREAD_PCT
    if (still & (estimates != 0)).any():
        return None
    critical = critical_value(zone_days[:, ~still], level) if (~still).any() else 0.0
    return ZoneBounds(series, estimates, estimates - critical * errors, estimates + critical * errors, critical)


def worst_zone(bounds: ZoneBounds, margin_pct: float, rule: RuleVersion) -> WorstZone:
    """The zone with the lowest simultaneous lower bound; if any is shown to be beyond the margin, the worst of those.

    Version 1 of the rule gave it the lowest bounds of all zones, so that its estimate could lie outside them.
    """
    series, lows, highs = bounds.series, bounds.lows, bounds.highs
    worst = int(highs.argmin() if highs.min() < -margin_pct else lows.argmin())
    return WorstZone(
        series.names[worst],
        float(bounds.estimates[worst]),
        float(lows[worst] if rule.one_zone else lows.min()),
        float(highs[worst] if rule.one_zone else highs.min()),
        len(series.names) - (POOLED in series.names),
        series.pooled,
        bounds.critical_value,
    )


def losing_zones(bounds: ZoneBounds) -> tuple[ZoneLoss, ...]:
    """Every zone whose simultaneous upper bound is below 0, largest share of revenue first."""
    series = bounds.series
    found = [
        ZoneLoss(
            name,
            float(series.shares_pct[zone]),
            float(bounds.estimates[zone]),
            float(bounds.lows[zone]),
            float(bounds.highs[zone]),
        )
        for zone, name in enumerate(series.names)
        if bounds.highs[zone] < 0
    ]
    return tuple(sorted(found, key=lambda loss: (-loss.share_pct, loss.zone)))


def critical_value(zone_days: FloatArray, level: float) -> float:
    """What every zone's standard error is multiplied with, so that no bound is wrong with probability 1 - `level`.

    The quantile of the largest t statistic on independent days, stretched by what a correlation between following days adds to
    the error of a mean. Without the stretch an AR(0.4) makes one zone of a hundred look harmed 60 % of the time, with it 9 %.
    """
    correlation = day_correlation(zone_days)
    return _independent_critical_value(zone_days, level) * math.sqrt((1.0 + correlation) / (1.0 - correlation))


def day_correlation(zone_days: FloatArray) -> float:
    """The lag-1 correlation that all zones share, at least 0: pooled over zones and freed of its small-sample bias.

    Bias after Marriott and Pope (1954), Biometrika 41: D days with their mean removed show about (D - 3)·rho/D - 1/D.
    """
    days, zones = zone_days.shape
    residuals = zone_days - zone_days.mean(axis=0)
    scaled = residuals / np.sqrt((residuals**2).sum(axis=0))
    shown = float((scaled[1:] * scaled[:-1]).sum()) / zones
    return float(min(max(0.0, (days * shown + 1.0) / (days - 3.0)), _MOST_CORRELATION))


def _independent_critical_value(zone_days: FloatArray, level: float) -> float:
    """The quantile of the largest t statistic over zones that is exceeded with probability `level` when no zone changed.

    Under ten days there are too few sign assignments for the tail, and Bonferroni's t quantile takes over. Rounded up to four
    decimals, so that the last bits of a matrix product never reach a record.
    """
    days, zones = zone_days.shape
    bonferroni = t_quantile(days - 1, level / zones)
    if days < _FEW_SIGNS_DAYS:
        return bonferroni
    residuals = zone_days - zone_days.mean(axis=0)
    means = _signs(days) @ residuals / days
    squares = (residuals**2).sum(axis=0)
    variances = np.maximum(squares - days * means**2, 0.0) / (days - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t_values = means / np.sqrt(variances / days)
    t_values = np.nan_to_num(t_values, nan=0.0)
    largest = np.concatenate((t_values.max(axis=1), -t_values.min(axis=1)))
    quantile = float(np.quantile(largest, 1.0 - level, method="higher"))
    scale = 10**_CRITICAL_DECIMALS
    return min(bonferroni, math.ceil(quantile * scale) / scale) if math.isfinite(quantile) else bonferroni


@lru_cache(maxsize=16)
def _signs(days: int) -> FloatArray:
    """Sign assignments (n, D), one of each pair that differs only in the overall sign: all of them, or a keyed sample."""
    if days <= _ENUMERATED_DAYS + 1:
        bits = np.arange(2 ** (days - 1))[:, np.newaxis] >> np.arange(days)
        return np.where(bits & 1, -1.0, 1.0)
    return np.where(keyed_generator("worst-zone", days).random((_SIGN_DRAWS, days)) < 0.5, -1.0, 1.0)


def zone_series(rows: WorldRows, rule: RuleVersion = CURRENT_RULE) -> ZoneSeries | None:
    """Zones large enough to stand alone, and the pool of the others; None where no zone earned anything.

    A pool that is itself too small takes the smallest of the large zones in.
    """
    zones = tuple(sorted({zone for pair in rows.worlds for arm in pair.arms for zone in _zones_of(arm)}))
    production = rows.mean(lambda pair: zone_cells(pair.production, zones))
    candidate = rows.mean(lambda pair: zone_cells(pair.candidate, zones))
    if production is None or candidate is None or not (totals := production.mean(axis=(0, 1))).sum() > 0:
        return None
    large = (totals > 0) & (totals >= rule.smallest_zone_share * totals.sum())
    if large.any() and 0 < totals[~large].sum() < rule.smallest_zone_share * totals.sum():
        large[np.flatnonzero(large)[totals[large].argmin()]] = False
    names = [zone for zone, is_large in zip(zones, large, strict=True) if is_large]
    change = candidate - production
    bases, changes = totals[large], change[:, :, large]
    if totals[~large].sum() > 0:
        names.append(POOLED)
        bases = np.append(bases, totals[~large].sum())
        changes = np.concatenate((changes, change[:, :, ~large].sum(axis=2, keepdims=True)), axis=2)
    return ZoneSeries(tuple(names), 100.0 * changes / bases, 100.0 * bases / totals.sum(), int((~large).sum()))


def _zones_of(rows: Rows) -> set[str]:
    return {zone for day in rows for row in day for zone in row.zone_revenue_minor}


def _incomplete(rows: PairedRows) -> str | None:
    """Which row's zones do not add up to the fleet's revenue, so that some zone is without data."""
    for arm, arm_rows in (("production", rows.production), ("candidate", rows.candidate)):
        for row in (row for day in arm_rows for row in day):
            missing = row.metrics.get(REVENUE, math.nan) - sum(row.zone_revenue_minor.values())
            if not abs(missing) < 1.0:
                return (
                    f"the zones of {row.day} seed {row.seed} in {arm} do not add up to the fleet's revenue "
                    f"({missing:+.0f} minor units missing), so some zone is without data"
                )
    return None
