"""The gate's way in: evidence and policy in, judgement out. Pure and repeatable bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunegate.domain.days import Forecast
from tunegate.domain.verdicts import Interval, Invalid, Verdict
from tunegate.gate.checks import run_checks
from tunegate.gate.detectable import minimum_detectable_effect_pct
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.grid import REVENUE, PairedRows, metric_cells, paired_rows
from tunegate.gate.guardrails import judge_guardrail
from tunegate.gate.intervals import FloatArray, interval_of, paired_days_pct, sign_flip_p
from tunegate.gate.judgement import Check, DayDifference, GuardrailOutcome, Judgement, VarianceComponents, WorstZone
from tunegate.gate.policy import GatePolicy
from tunegate.gate.rule import Demands, Findings, decide
from tunegate.gate.variance import components, seeds_suffice
from tunegate.gate.words import plain_words
from tunegate.gate.zones import judge_worst_zone


@dataclass(frozen=True, slots=True)
class _Effect:
    """Revenue under one forecast: day differences (D,) in percent, their interval, and the days themselves."""

    days_pct: FloatArray
    interval: Interval | None
    days: tuple[DayDifference, ...]
    parts: VarianceComponents | None


@dataclass(frozen=True, slots=True)
class _Measured:
    """All that could be computed, whether the run is valid or not."""

    ml: _Effect | None
    statistics: _Effect | None
    guardrails: tuple[GuardrailOutcome, ...]
    worst_zone: WorstZone | None

    @property
    def delta_ml(self) -> Interval | None:
        return self.ml.interval if self.ml else None

    @property
    def delta_statistics(self) -> Interval | None:
        return self.statistics.interval if self.statistics else None


def judge(evidence: GateEvidence, policy: GatePolicy) -> Judgement:
    """The verdict, and every number that could be computed, whether the run turned out valid or not."""
    level = evidence.alpha_spent if 0 < evidence.alpha_spent < 0.5 else policy.one_sided_level
    checks = run_checks(evidence, policy)
    measured = _measure(evidence, policy, level)
    ml, statistics = measured.ml, measured.statistics
    judgement = Judgement(
        verdict=_verdict(evidence, policy, checks, measured),
        one_sided_level=level,
        delta_ml=measured.delta_ml,
        delta_statistics=measured.delta_statistics,
        interaction=interval_of(ml.days_pct - statistics.days_pct, level) if ml and statistics else None,
        sign_flip_p_ml=sign_flip_p(ml.days_pct) if ml else None,
        sign_flip_p_statistics=sign_flip_p(statistics.days_pct) if statistics else None,
        days=(*(ml.days if ml else ()), *(statistics.days if statistics else ())),
        guardrails=measured.guardrails,
        worst_zone=measured.worst_zone,
        checks=checks,
        components_ml=ml.parts if ml else None,
        components_statistics=statistics.parts if statistics else None,
        minimum_detectable_effect_pct=_detectable(ml, level, policy),
        plain_words="",
    )
    return replace(judgement, plain_words=plain_words(judgement, policy))


def _verdict(evidence: GateEvidence, policy: GatePolicy, checks: tuple[Check, ...], measured: _Measured) -> Verdict:
    """Invalid when any check failed; else what the rule says."""
    if evidence.refusal is not None:
        return Invalid(evidence.refusal)  # Nothing was simulated, so the other checks failed for want of numbers.
    failed = [check for check in checks if not check.passed]
    if failed:
        return Invalid("; ".join(f"{check.name}: {check.detail}" for check in failed))
    ml = measured.ml
    findings = Findings(
        days=len(evidence.days),
        delta_ml=measured.delta_ml,
        delta_statistics=measured.delta_statistics,
        guardrails=measured.guardrails,
        seeds_suffice=ml is None or ml.parts is None or seeds_suffice(ml.parts, len(evidence.seeds)),
    )
    return decide(findings, Demands(policy.minimum_effect_pct, policy.fallback_margin_pct, policy.minimum_days))


def _detectable(ml: _Effect | None, level: float, policy: GatePolicy) -> float | None:
    """The true ml effect this gate would have let through four times out of five."""
    if ml is None or ml.parts is None:
        return None
    return minimum_detectable_effect_pct(ml.parts.sd_day_mean, ml.parts.days, level, policy.minimum_effect_pct)


def _measure(evidence: GateEvidence, policy: GatePolicy, level: float) -> _Measured:
    """Revenue under both forecasts; guardrails in the policy's order, the worst zone last, under the ml forecast."""
    rows = paired_rows(evidence, Forecast.ML)
    ml = _effect(evidence, Forecast.ML, rows, level)
    statistics = _effect(evidence, Forecast.STATISTICS, paired_rows(evidence, Forecast.STATISTICS), level)
    outcomes = tuple(judge_guardrail(rows, guardrail, level) for guardrail in policy.guardrails)
    if policy.worst_zone_margin_pct is None:
        return _Measured(ml, statistics, outcomes, None)
    outcome, worst = judge_worst_zone(rows, policy.worst_zone_margin_pct, level)
    return _Measured(ml, statistics, (*outcomes, outcome), worst)


def _effect(evidence: GateEvidence, forecast: Forecast, rows: PairedRows | None, level: float) -> _Effect | None:
    """Revenue of both arms under one forecast, or None when rows are missing, not finite, or production earned nothing."""
    if rows is None:
        return None
    production, candidate = metric_cells(rows.production, REVENUE), metric_cells(rows.candidate, REVENUE)
    if production is None or candidate is None or not production.mean() > 0:
        return None
    days_pct = paired_days_pct(production, candidate)
    days = tuple(
        DayDifference(day, forecast, float(before), float(after), float(delta))
        for day, before, after, delta in zip(
            evidence.days, production.mean(axis=1), candidate.mean(axis=1), days_pct, strict=True
        )
    )
    cells_pct = 100.0 * (candidate - production) / production.mean()
    return _Effect(days_pct, interval_of(days_pct, level), days, components(cells_pct))
