"""Guardrails: metrics that must be shown not to get worse than a margin. One-sided, on the ml pattern, by the same interval."""

from __future__ import annotations

from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Interval
from tunegate.gate.grid import PairedRows, WorldRows, metric_cells
from tunegate.gate.intervals import FloatArray, interval_of
from tunegate.gate.judgement import GuardrailOutcome, GuardrailStatus
from tunegate.gate.policy import GuardrailKind, GuardrailPolicy
from tunegate.gate.versions import CURRENT_RULE, RuleVersion

_POINTS_PER_UNIT = {GuardrailKind.POINTS: 1.0, GuardrailKind.FRACTION_POINTS: 100.0}


def judge_guardrail(
    rows: WorldRows | None, guardrail: GuardrailPolicy, level: float, rule: RuleVersion = CURRENT_RULE
) -> GuardrailOutcome:
    """Where a metric's change stands, as the mean over worlds; NOT_COMPUTED, with a note, when there is no interval."""
    if rows is None:
        return not_computed(guardrail, "day results are missing")
    complete = all(metric_cells(arm, guardrail.metric) is not None for pair in rows.worlds for arm in pair.arms)
    if not complete:
        return not_computed(guardrail, "the simulator gave no finite number on some day")
    cells = rows.mean(lambda pair: metric_change(pair, guardrail))
    if cells is None:
        return not_computed(guardrail, "production's mean is not above zero, so there is nothing to be relative to")
    interval = interval_of(cells.mean(axis=1), level, rule)
    if interval is None:
        return not_computed(guardrail, "too few days, or the same change on every day, so no interval")
    return outcome_of(guardrail, interval)


def metric_change(rows: PairedRows, guardrail: GuardrailPolicy) -> FloatArray | None:
    """Change of each day and seed (D, R) in one world; None without finite numbers, or without a base to be relative to."""
    production, candidate = (metric_cells(arm, guardrail.metric) for arm in rows.arms)
    if production is None or candidate is None:
        return None
    return change_cells(production, candidate, guardrail.kind)


def change_cells(production: FloatArray, candidate: FloatArray, kind: GuardrailKind) -> FloatArray | None:
    """Change of each day and seed (D, R) in the unit of the kind; None when there is no base to be relative to."""
    if kind is GuardrailKind.RELATIVE_PCT:
        base = production.mean()
        factor = 100.0 / base if base > 0 else None
    else:
        factor = _POINTS_PER_UNIT[kind]
    return None if factor is None else factor * (candidate - production)


def guardrail_status(low: float, high: float, direction: Direction, margin: float) -> GuardrailStatus:
    """HELD when the bad end of the interval is inside the margin, BROKEN when the good end is already beyond it."""
    bad, good = (-low, -high) if direction is Direction.HIGHER else (high, low)
    if bad < margin or (bad == good == 0.0):
        return GuardrailStatus.HELD
    return GuardrailStatus.BROKEN if good > margin else GuardrailStatus.UNDECIDED


def outcome_of(guardrail: GuardrailPolicy, change: Interval) -> GuardrailOutcome:
    """Where a guardrail's change stands, which has the unit of its kind."""
    low, high = change.low_pct, change.high_pct
    status = guardrail_status(low, high, guardrail.direction, guardrail.margin)
    named = (guardrail.metric, guardrail.direction, guardrail.kind, guardrail.margin)
    return GuardrailOutcome(*named, change.estimate_pct, low, high, status)


def not_computed(guardrail: GuardrailPolicy, note: str) -> GuardrailOutcome:
    """An outcome without numbers."""
    return GuardrailOutcome(
        guardrail.metric,
        guardrail.direction,
        guardrail.kind,
        guardrail.margin,
        None,
        None,
        None,
        GuardrailStatus.NOT_COMPUTED,
        note,
    )
