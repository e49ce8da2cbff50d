"""Which guardrails a planned gate could ever show to hold: a margin under four standard errors always ends inconclusive."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tunegate.gate.detectable import unit_gates
from tunegate.gate.grid import PairedRows, one_world
from tunegate.gate.guardrails import metric_change
from tunegate.gate.intervals import t_quantile
from tunegate.gate.judgement import VarianceComponents
from tunegate.gate.plan import GatePlan
from tunegate.gate.policy import FEWEST_DAYS, GatePolicy, GuardrailPolicy
from tunegate.gate.variance import components, day_mean_sd, pooled
from tunegate.gate.versions import CURRENT_RULE
from tunegate.gate.zones import WORST_ZONE, zone_series

TIGHT_MARGIN_ERRORS = 4.0


@dataclass(frozen=True, slots=True)
class GuardrailForecast:
    """What the planned gate will see of a guardrail, in the guardrail's unit.

    `margin_errors` is the margin in standard errors; `too_tight` when that is under four. `chance_held` is the chance that a
    metric that does not change is shown to be inside its margin. None where the tuning days give no standard error.
    """

    metric: str
    unit: str
    margin: float
    standard_error: float | None
    margin_errors: float | None
    chance_held: float | None
    too_tight: bool | None


def forecast_guardrails(ml: Sequence[PairedRows], plan: GatePlan, policy: GatePolicy) -> tuple[GuardrailForecast, ...]:
    """Every guardrail of the policy in its order, the worst zone last; noise is pooled over the ml runs on tuning days."""
    forecasts = [_guardrail_forecast(guardrail, _noise_of(ml, guardrail), plan) for guardrail in policy.guardrails]
    if policy.worst_zone_margin_pct is not None:
        forecasts.append(_worst_zone_forecast(ml[0], policy.worst_zone_margin_pct, plan))
    return tuple(forecasts)


def _noise_of(ml: Sequence[PairedRows], guardrail: GuardrailPolicy) -> VarianceComponents | None:
    """The components of a guardrail's change, or None where some run gives no finite numbers or no base."""
    parts = []
    for rows in ml:
        cells = metric_change(rows, guardrail)
        parts.append(None if cells is None else components(cells))
    known = [part for part in parts if part is not None]
    return pooled(known) if len(known) == len(parts) else None


def _guardrail_forecast(guardrail: GuardrailPolicy, parts: VarianceComponents | None, plan: GatePlan) -> GuardrailForecast:
    metric, unit, margin = guardrail.metric, guardrail.unit, guardrail.margin
    if parts is None or plan.days < FEWEST_DAYS:
        return GuardrailForecast(metric, unit, margin, None, None, None, None)
    sd_day_mean = day_mean_sd(parts, plan.seeds)
    error = sd_day_mean / math.sqrt(plan.days)
    if error == 0:
        return GuardrailForecast(metric, unit, margin, 0.0, None, 1.0, too_tight=False)
    means, half_widths = unit_gates(plan.days, plan.level)
    held = float((sd_day_mean * (half_widths - means) < margin).mean())
    return GuardrailForecast(metric, unit, margin, error, margin / error, held, margin / error < TIGHT_MARGIN_ERRORS)


def _worst_zone_forecast(rows: PairedRows, margin_pct: float, plan: GatePlan) -> GuardrailForecast:
    """The noisiest zone's standard error; its margin must also be wider than bounds that hold for all zones at once."""
    series = zone_series(one_world(rows), CURRENT_RULE)
    unknown = GuardrailForecast(WORST_ZONE, "%", margin_pct, None, None, None, None)
    if series is None or plan.days < FEWEST_DAYS:
        return unknown
    zones = len(series.names)
    parts = [components(series.cells_pct[:, :, zone]) for zone in range(zones)]
    sds = [day_mean_sd(part, plan.seeds) for part in parts if part is not None]
    if not sds or max(sds) == 0:
        return unknown
    error = max(sds) / math.sqrt(plan.days)
    needed = max(TIGHT_MARGIN_ERRORS, t_quantile(plan.days - 1, plan.level / zones))
    return GuardrailForecast(WORST_ZONE, "%", margin_pct, error, margin_pct / error, None, margin_pct / error < needed)
