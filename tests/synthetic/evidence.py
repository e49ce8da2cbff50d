"""A synthetic gate as full evidence: day results, order logs and zones."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from itertools import product

from tests.synthetic.gates import SyntheticGates, SyntheticRegion, draw_gates
from tunegate.domain.days import Arm, DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Direction, Parameters
from tunegate.domain.periods import Period
from tunegate.gate.evidence import GateEvidence, Pattern
from tunegate.gate.intervals import keyed_generator
from tunegate.gate.policy import GatePolicy, GuardrailKind, GuardrailPolicy

FIRST_DAY = date(2024, 3, 4)
PRODUCTION = Parameters({"gamma": 0.95, "max_wait_s": 300})
CANDIDATE = Parameters({"gamma": 0.97, "max_wait_s": 420})
DRIVERS = 500


def synthetic_evidence(region: SyntheticRegion, key: int = 0, zones: int = 0) -> GateEvidence:
    """The evidence of one gate drawn in this region, the same for the same key."""
    return evidence_of(draw_gates(region, 1, keyed_generator("rehearsal", key)), 0, region, zones)


def synthetic_policy(region: SyntheticRegion, worst_zone_margin_pct: float | None = None) -> GatePolicy:
    """The design's default thresholds, with the region's guardrails."""
    guardrails = tuple(
        GuardrailPolicy(f"guarded_{index}", Direction.HIGHER, region.guardrail_margin_pct, GuardrailKind.RELATIVE_PCT)
        for index in range(region.guardrails)
    )
    return GatePolicy(
        minimum_effect_pct=0.5,
        fallback_margin_pct=0.5,
        one_sided_level=0.05,
        minimum_days=5,
        maximum_test_age_days=30,
        guardrails=guardrails,
        worst_zone_margin_pct=worst_zone_margin_pct,
    )


def evidence_of(drawn: SyntheticGates, gate: int, region: SyntheticRegion, zones: int = 0) -> GateEvidence:
    """One of the drawn gates as evidence that passes every check.

    Revenue is spread over `zones` about equal zones when there are any; then it is rounded to whole minor units.
    """
    days = tuple(FIRST_DAY + timedelta(days=offset) for offset in range(region.days))
    seeds = tuple(range(101, 101 + region.seeds))
    answers: dict[Pattern, SimulationAnswer] = {}
    for index, forecast in enumerate(Forecast):
        for arm, cells, guarded in (
            (Arm.PRODUCTION, drawn.production, drawn.guarded_production),
            (Arm.CANDIDATE, drawn.candidate, drawn.guarded_candidate),
        ):
            rows = []
            for (d, day), (s, seed) in product(enumerate(days), enumerate(seeds)):
                revenue = float(cells[gate, index, d, s])
                by_zone = _split(revenue, zones, day, seed, arm.value) if zones else {}
                metrics = {f"guarded_{number}": float(value) for number, value in enumerate(guarded[gate, :, d, s])}
                metrics["revenue_minor"] = float(sum(by_zone.values())) if zones else revenue
                rows.append(DayResult(day, seed, forecast, metrics, by_zone, DRIVERS, _digest(f"{day} {seed}")))
            answers[arm, forecast] = _answer(tuple(rows), PRODUCTION if arm is Arm.PRODUCTION else CANDIDATE)
    test = Period(days[0], days[-1])
    return GateEvidence(
        region="rehearsal",
        campaign="rehearsal",
        test=test,
        days=days,
        seeds=seeds,
        production=PRODUCTION,
        candidate=CANDIDATE,
        live_production_digest=PRODUCTION.digest,
        answers=answers,
        self_check=_answer(answers[Arm.PRODUCTION, Forecast.ML].days[:1], PRODUCTION),
        judged_on=test.last + timedelta(days=2),
        newest_data_day=test.last + timedelta(days=1),
        alpha_spent=0.05,
    )


def _answer(rows: tuple[DayResult, ...], parameters: Parameters) -> SimulationAnswer:
    return SimulationAnswer(
        days=rows,
        applied_parameters=dict(parameters),
        trained_last_day=FIRST_DAY - timedelta(days=1),
        city_digest=_digest("city"),
        simulator_version="synthetic 1",
        compute_s=0.0,
    )


def _split(revenue: float, zones: int, *key: object) -> dict[str, int]:
    """Revenue by zone, each a little off its equal share."""
    spread = 1.0 + 0.05 * keyed_generator("zones", *key).standard_normal(zones)
    return {f"zone-{index:03d}": round(revenue * share / spread.sum()) for index, share in enumerate(spread)}


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
