"""The worst zone: nobody's district may pay for the city's gain.

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
from tunegate.gate.grid import REVENUE, PairedRows, Rows, zone_cells
from tunegate.gate.guardrails import guardrail_status, not_computed
from tunegate.gate.intervals import NO_SPREAD_PCT, FloatArray, keyed_generator, t_quantile
from tunegate.gate.judgement import GuardrailOutcome, WorstZone
from tunegate.gate.policy import FEWEST_DAYS, GuardrailKind, GuardrailPolicy

WORST_ZONE = "worst_zone"
POOLED = "small zones together"
STANDS_ALONE_SHARE = 0.005
"""A zone with less than this share of production's revenue has too few customers a day for an interval of its own."""

_ENUMERATED_DAYS = 13
_SIGN_DRAWS = 8192
_FEW_SIGNS_DAYS = 10
_CRITICAL_DECIMALS = 4
_MOST_CORRELATION = 0.8


def judge_worst_zone(rows: PairedRows | None, margin_pct: float, level: float) -> tuple[GuardrailOutcome, WorstZone | None]:
    """The worst zone as a guardrail, and its details; NOT_COMPUTED when zones are unknown or incomplete."""
    guardrail = GuardrailPolicy(WORST_ZONE, Direction.HIGHER, margin_pct, GuardrailKind.RELATIVE_PCT)
    if rows is None:
        return not_computed(guardrail, "day results are missing"), None
    incomplete = _incomplete(rows)
    if incomplete is not None:
        return not_computed(guardrail, incomplete), None
    worst = worst_zone(rows, margin_pct, level)
    if worst is None:
        return not_computed(guardrail, "too few days, or a zone with the same change on every day, so no interval"), None
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
    return outcome, worst


def worst_zone(rows: PairedRows, margin_pct: float, level: float) -> WorstZone | None:
    """The zone with the lowest simultaneous bound (if one is shown to be beyond the margin, that one), or None."""
    series = zone_series(rows)
    if series is None or len(rows.production) < FEWEST_DAYS:
        return None
    zone_days = series.cells_pct.mean(axis=1)
    estimates = zone_days.mean(axis=0)
    errors = zone_days.std(axis=0, ddof=1) / math.sqrt(zone_days.shape[0])
    still = errors < NO_SPREAD_PCT
    if (still & (estimates != 0)).any():
        return None
    critical = critical_value(zone_days[:, ~still], level) if (~still).any() else 0.0
    lows, highs = estimates - critical * errors, estimates + critical * errors
    worst = int(highs.argmin() if highs.min() < -margin_pct else lows.argmin())
    return WorstZone(
        series.names[worst],
        float(estimates[worst]),
        float(lows.min()),
        float(highs.min()),
        len(series.names) - (POOLED in series.names),
        series.pooled,
        critical,
    )


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


@dataclass(frozen=True, slots=True)
class ZoneSeries:
    """Differences (D, R, Z) of the zones judged alone and, last, of the `pooled` small ones, in percent of their revenue."""

    names: tuple[str, ...]
    cells_pct: FloatArray
    pooled: int


def zone_series(rows: PairedRows) -> ZoneSeries | None:
    """Zones large enough to stand alone, and the pool of the others; None where no zone earned anything.

    A pool that is itself too small takes the smallest of the large zones in.
    """
    zones = tuple(sorted(_zones_of(rows.production) | _zones_of(rows.candidate)))
    production, candidate = zone_cells(rows.production, zones), zone_cells(rows.candidate, zones)
    totals = production.mean(axis=(0, 1))
    if not totals.sum() > 0:
        return None
    large = (totals > 0) & (totals >= STANDS_ALONE_SHARE * totals.sum())
    if large.any() and 0 < totals[~large].sum() < STANDS_ALONE_SHARE * totals.sum():
        large[np.flatnonzero(large)[totals[large].argmin()]] = False
    names = [zone for zone, is_large in zip(zones, large, strict=True) if is_large]
    change = candidate - production
    bases, changes = totals[large], change[:, :, large]
    if totals[~large].sum() > 0:
        names.append(POOLED)
        bases = np.append(bases, totals[~large].sum())
        changes = np.concatenate((changes, change[:, :, ~large].sum(axis=2, keepdims=True)), axis=2)
    return ZoneSeries(tuple(names), 100.0 * changes / bases, int((~large).sum()))


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
