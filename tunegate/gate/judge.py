"""The gate's entry point: evidence and policy in, judgement out. Pure and repeatable bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Interval, Invalid, Verdict
from tunegate.domain.worlds import StressWorld
from tunegate.gate.checks import run_checks
from tunegate.gate.detectable import minimum_detectable_effect_pct
from tunegate.gate.evidence import GateEvidence, StressRuns
from tunegate.gate.grid import REVENUE, PairedRows, WorldRows, metric_cells, one_world, paired_rows, world_rows
from tunegate.gate.guardrails import guardrail_status, judge_guardrail
from tunegate.gate.intervals import FloatArray, interval_of, paired_days_pct, sign_flip_p
from tunegate.gate.judgement import (
    Check,
    DayDifference,
    GuardrailOutcome,
    GuardrailStatus,
    Judgement,
    RealisedEffect,
    StressOutcome,
    VarianceComponents,
    WorldEffect,
)
from tunegate.gate.policy import GatePolicy
from tunegate.gate.rule import Demands, Findings, decide
from tunegate.gate.variance import components, seeds_suffice
from tunegate.gate.versions import CURRENT_RULE, RuleVersion
from tunegate.gate.words import plain_words
from tunegate.gate.world_design import WorldDesign
from tunegate.gate.worlds import realised_effect, world_effects
from tunegate.gate.zones import ZoneFindings, judge_worst_zone


@dataclass(frozen=True, slots=True)
class _Effect:
    """Revenue under one forecast: day differences in percent of each world (D_w,) and of their mean (D,), and its interval."""

    by_world: tuple[FloatArray, ...]
    design: WorldDesign
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
    zones: ZoneFindings | None
    stress_worlds: tuple[StressOutcome, ...]

    @property
    def delta_ml(self) -> Interval | None:
        return self.ml.interval if self.ml else None

    @property
    def delta_statistics(self) -> Interval | None:
        return self.statistics.interval if self.statistics else None


def judge(evidence: GateEvidence, policy: GatePolicy, rule: RuleVersion = CURRENT_RULE) -> Judgement:
    """The verdict, and every number that could be computed, whether the run turned out valid or not."""
    level = evidence.alpha_spent if 0 < evidence.alpha_spent < 0.5 else policy.one_sided_level
    checks = run_checks(evidence, policy, rule)
    measured = _measure(evidence, policy, level, rule)
    ml, statistics, zones = measured.ml, measured.statistics, measured.zones
    both = ml.days_pct - statistics.days_pct if ml and statistics else None
    worlds, realised = _over_worlds(evidence, ml, level, rule)
    judgement = Judgement(
        verdict=_verdict(evidence, policy, checks, measured),
        one_sided_level=level,
        delta_ml=measured.delta_ml,
        delta_statistics=measured.delta_statistics,
        interaction=None if both is None else interval_of(both, level, rule),
        sign_flip_p_ml=sign_flip_p(ml.days_pct) if ml else None,
        sign_flip_p_statistics=sign_flip_p(statistics.days_pct) if statistics else None,
        days=(*(ml.days if ml else ()), *(statistics.days if statistics else ())),
        guardrails=measured.guardrails,
        worst_zone=zones.worst if zones else None,
        checks=checks,
        components_ml=ml.parts if ml else None,
        components_statistics=statistics.parts if statistics else None,
        minimum_detectable_effect_pct=_detectable(ml, level, policy, rule),
        plain_words="",
        losing_zones=zones.losing if zones and rule.one_zone else (),
        worlds=worlds,
        realised=realised,
        stress_worlds=measured.stress_worlds,
    )
    return replace(judgement, plain_words=plain_words(judgement, policy, rule))


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
        stress_worlds=measured.stress_worlds,
    )
    return decide(findings, Demands(policy.minimum_effect_pct, policy.fallback_margin_pct, policy.minimum_days))


def _detectable(ml: _Effect | None, level: float, policy: GatePolicy, rule: RuleVersion) -> float | None:
    """The true ml effect this gate would have let through four times out of five."""
    if ml is None or ml.parts is None:
        return None
    return minimum_detectable_effect_pct(ml.parts.sd_day_mean, ml.parts.days, level, policy.minimum_effect_pct, rule)


def _measure(evidence: GateEvidence, policy: GatePolicy, level: float, rule: RuleVersion) -> _Measured:
    """Revenue under both forecasts; guardrails in the policy's order, the worst zone last, under the ml forecast."""
    rows = world_rows(evidence, Forecast.ML)
    ml = _effect(evidence, Forecast.ML, rows, level, rule)
    statistics = _effect(evidence, Forecast.STATISTICS, world_rows(evidence, Forecast.STATISTICS), level, rule)
    outcomes = tuple(judge_guardrail(rows, guardrail, level, rule) for guardrail in policy.guardrails)
    margin = policy.worst_zone_margin_pct
    zones = None if margin is None else judge_worst_zone(rows, margin, level, rule)
    played = {runs.name: runs for runs in evidence.stress_worlds}
    stress = tuple(_stress(evidence, world, played.get(world.name), level, rule) for world in policy.stress_worlds)
    return _Measured(ml, statistics, outcomes if zones is None else (*outcomes, zones.outcome), zones, stress)


def _effect(
    evidence: GateEvidence, forecast: Forecast, rows: WorldRows | None, level: float, rule: RuleVersion
) -> _Effect | None:
    """Revenue of both arms under one forecast, or None when rows are missing, not finite, or production earned nothing."""
    cells = None if rows is None else [revenue_cells(pair) for pair in rows.worlds]
    if rows is None or cells is None or any(found is None for found in cells):
        return None
    pairs, design = [found for found in cells if found is not None], rows.design
    by_world = tuple(paired_days_pct(production, candidate) for production, candidate in pairs)
    days_pct = design.mean_by_day(by_world)
    production, candidate = (design.mean_by_day([pair[arm] for pair in pairs]) for arm in (0, 1))
    days = tuple(
        DayDifference(day, forecast, float(before), float(after), float(delta))
        for day, before, after, delta in zip(
            evidence.days, production.mean(axis=1), candidate.mean(axis=1), days_pct, strict=True
        )
    )
    cells_pct = design.mean_by_day([100.0 * (after - before) / before.mean() for before, after in pairs])
    return _Effect(by_world, design, days_pct, interval_of(days_pct, level, rule), days, components(cells_pct))


def revenue_cells(rows: PairedRows) -> tuple[FloatArray, FloatArray] | None:
    """Revenue of both arms (D, R); None where a number is missing or production earned nothing."""
    production, candidate = (metric_cells(arm, REVENUE) for arm in rows.arms)
    if production is None or candidate is None or not production.mean() > 0:
        return None
    return production, candidate


def _stress(
    evidence: GateEvidence, world: StressWorld, runs: StressRuns | None, level: float, rule: RuleVersion
) -> StressOutcome:
    """Whether revenue with the ml forecast keeps the margin of a stress world."""
    rows = None if runs is None else paired_rows(replace(evidence, seeds=runs.seeds, answers=runs.answers), Forecast.ML)
    effect = None if rows is None else _effect(evidence, Forecast.ML, one_world(rows), level, rule)
    if effect is None or effect.interval is None:
        return StressOutcome(world.name, world.margin_pct, None, None, None, GuardrailStatus.NOT_COMPUTED)
    delta = effect.interval
    status = guardrail_status(delta.low_pct, delta.high_pct, Direction.HIGHER, world.margin_pct)
    return StressOutcome(world.name, world.margin_pct, delta.estimate_pct, delta.low_pct, delta.high_pct, status)


def _over_worlds(
    evidence: GateEvidence, ml: _Effect | None, level: float, rule: RuleVersion
) -> tuple[tuple[WorldEffect, ...], RealisedEffect | None]:
    """The effect in each world, and the prediction for the true one; nothing where one world was played."""
    if ml is None or not evidence.worlds:
        return (), None
    effects = world_effects([runs.name for runs in evidence.worlds], ml.by_world, ml.design, level, rule)
    return effects, None if ml.interval is None else realised_effect(ml.by_world, ml.design, ml.interval, level)
