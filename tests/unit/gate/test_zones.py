from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.domain.days import Arm, DayResult, Forecast
from tunegate.domain.verdicts import Inconclusive, Reject, Remedy
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.grid import world_rows
from tunegate.gate.intervals import keyed_generator, t_quantile
from tunegate.gate.judge import judge
from tunegate.gate.judgement import GuardrailStatus
from tunegate.gate.versions import CURRENT_RULE, RULES
from tunegate.gate.zones import POOLED, critical_value, day_correlation, judge_worst_zone

REGION = SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=2.0)


def with_zones(evidence: GateEvidence, zones_of: dict[str, tuple[float, float]], noise: float = 0.01) -> GateEvidence:
    """Zones given as revenue and candidate's change in percent; fleet revenue becomes their sum."""

    def rezone(row: DayResult, arm: Arm) -> DayResult:
        draw = keyed_generator("zone test", row.day, row.seed, arm.value).standard_normal(len(zones_of))
        zones = {
            name: round(revenue * (1.0 + (change / 100.0 if arm is Arm.CANDIDATE else 0.0)) * (1.0 + noise * z))
            for (name, (revenue, change)), z in zip(zones_of.items(), draw, strict=True)
        }
        return replace(row, zone_revenue_minor=zones, metrics={**row.metrics, "revenue_minor": float(sum(zones.values()))})

    answers = {
        pattern: replace(answer, days=tuple(rezone(row, pattern[0]) for row in answer.days))
        for pattern, answer in evidence.answers.items()
    }
    first = answers[Arm.PRODUCTION, Forecast.ML]
    return replace(evidence, answers=answers, self_check=replace(first, days=first.days[:1]))


SOUND = with_zones(synthetic_evidence(REGION), {"harbour": (5e6, 2.0), "hill": (4e6, 2.0), "park": (1e6, 2.0)})


def drop_zone(arm: Arm, zone: str, *, revenue_too: bool) -> GateEvidence:
    def without(row: DayResult) -> DayResult:
        zones = {name: amount for name, amount in row.zone_revenue_minor.items() if name != zone}
        metrics = {**row.metrics, "revenue_minor": float(sum(zones.values()))} if revenue_too else row.metrics
        return replace(row, zone_revenue_minor=zones, metrics=metrics)

    answers = {
        pattern: replace(answer, days=tuple(without(row) for row in answer.days)) if pattern[0] is arm else answer
        for pattern, answer in SOUND.answers.items()
    }
    return replace(SOUND, answers=answers)


def zone_status(evidence: GateEvidence, margin_pct: float = 2.0) -> GuardrailStatus:
    return judge_worst_zone(world_rows(evidence, Forecast.ML), margin_pct, 0.05).outcome.status


def test_zones_that_all_gain_hold_the_guardrail() -> None:
    assert zone_status(SOUND) is GuardrailStatus.HELD


def test_one_harmed_district_rejects_a_gain_of_the_city() -> None:
    harmed = with_zones(synthetic_evidence(REGION), {"harbour": (5e6, 4.0), "hill": (4e6, 4.0), "park": (1e6, -8.0)})
    judgement = judge(harmed, synthetic_policy(REGION, worst_zone_margin_pct=2.0))
    assert isinstance(judgement.verdict, Reject)
    assert judgement.worst_zone is not None
    assert judgement.worst_zone.zone == "park"
    assert judgement.worst_zone.estimate_pct == pytest.approx(-8.0, abs=1.0)


def test_a_zone_without_data_in_one_arm_leaves_the_guardrail_open_and_never_passes() -> None:
    judgement = judge(drop_zone(Arm.CANDIDATE, "hill", revenue_too=False), synthetic_policy(REGION, worst_zone_margin_pct=2.0))
    assert isinstance(judgement.verdict, Inconclusive)
    assert judgement.verdict.remedy is Remedy.GUARDRAIL
    assert "some zone is without data" in judgement.verdict.reason


def test_a_zone_that_truly_earns_nothing_any_more_is_beyond_every_margin() -> None:
    gone = drop_zone(Arm.CANDIDATE, "hill", revenue_too=True)
    found = judge_worst_zone(world_rows(gone, Forecast.ML), 2.0, 0.05)
    worst = found.worst
    assert worst is not None
    assert worst.zone == "hill"
    assert worst.estimate_pct == pytest.approx(-100.0)
    assert found.outcome.status is GuardrailStatus.BROKEN


def test_a_simulator_without_zones_leaves_the_guardrail_open() -> None:
    assert zone_status(synthetic_evidence(REGION)) is GuardrailStatus.NOT_COMPUTED


def test_zones_too_small_to_stand_alone_are_judged_together() -> None:
    small = {f"lane-{index}": (3e4, -50.0 if index == 0 else 2.0) for index in range(10)}
    evidence = with_zones(synthetic_evidence(REGION), {"harbour": (5e6, 2.0), "hill": (5e6, 2.0), **small})
    worst = judge_worst_zone(world_rows(evidence, Forecast.ML), 2.0, 0.05).worst
    assert worst is not None
    assert (worst.zones_judged, worst.zones_pooled) == (2, 10)
    assert worst.zone == POOLED
    assert worst.estimate_pct == pytest.approx(-3.2, abs=0.5)


def test_a_pool_too_small_to_be_judged_takes_the_smallest_zone_in() -> None:
    evidence = with_zones(
        synthetic_evidence(REGION), {"harbour": (5e6, 2.0), "hill": (4e6, 2.0), "park": (1e6, 2.0), "lane": (1e3, 2.0)}
    )
    worst = judge_worst_zone(world_rows(evidence, Forecast.ML), 2.0, 0.05).worst
    assert worst is not None
    assert (worst.zones_judged, worst.zones_pooled) == (2, 2)


def two_troubled_zones() -> GateEvidence:
    """`noisy` may have lost much, `hill` has surely lost a little; the lowest upper bound is the hill's."""
    evidence = with_zones(synthetic_evidence(REGION), {"harbour": (5e6, 2.0), "hill": (4e6, -1.5), "noisy": (1e6, -4.0)})

    def shaken(row: DayResult, arm: Arm) -> DayResult:
        if arm is Arm.PRODUCTION:
            return row
        noise = keyed_generator("noisy zone", row.day, row.seed).standard_normal()
        zones = {**row.zone_revenue_minor, "noisy": round(row.zone_revenue_minor["noisy"] * (1 + 0.15 * noise))}
        return replace(row, zone_revenue_minor=zones, metrics={**row.metrics, "revenue_minor": float(sum(zones.values()))})

    answers = {
        pattern: replace(answer, days=tuple(shaken(row, pattern[0]) for row in answer.days))
        for pattern, answer in evidence.answers.items()
    }
    return replace(evidence, answers=answers)


def test_estimate_and_interval_of_the_worst_zone_are_of_one_zone() -> None:
    rows = world_rows(two_troubled_zones(), Forecast.ML)
    worst, old = (judge_worst_zone(rows, 30.0, 0.05, rule).worst for rule in (CURRENT_RULE, RULES["1"]))
    assert worst is not None
    assert old is not None
    assert worst.zone == old.zone == "noisy"
    assert worst.low_pct + worst.high_pct == pytest.approx(2 * worst.estimate_pct)
    assert (worst.low_pct, worst.estimate_pct) == (old.low_pct, old.estimate_pct)
    assert worst.high_pct > old.high_pct, "version 1 gave it the upper bound of another zone"


def test_zones_shown_to_lose_are_named_though_the_margin_holds() -> None:
    judgement = judge(two_troubled_zones(), synthetic_policy(REGION, worst_zone_margin_pct=30.0))
    assert [guardrail.status for guardrail in judgement.guardrails] == [GuardrailStatus.HELD]
    assert [loss.zone for loss in judgement.losing_zones] == ["hill"]
    (loss,) = judgement.losing_zones
    assert loss.share_pct == pytest.approx(40, abs=1)
    assert loss.low_pct < loss.estimate_pct < loss.high_pct < 0
    assert "Shown to lose revenue: hill (-1." in judgement.plain_words
    assert "of its revenue, which is 40." in judgement.plain_words


def test_a_zone_under_a_fortieth_of_the_revenue_is_pooled() -> None:
    zones = {"harbour": (5e6, 2.0), "hill": (4.6e6, 2.0), "edge": (2.6e5, 2.0), "lane": (2.4e5, 2.0), "path": (2e5, 2.0)}
    rows = world_rows(with_zones(synthetic_evidence(REGION), zones), Forecast.ML)
    worst, old = (judge_worst_zone(rows, 30.0, 0.05, rule).worst for rule in (CURRENT_RULE, RULES["1"]))
    assert worst is not None
    assert old is not None
    assert (worst.zones_judged, worst.zones_pooled) == (3, 2)
    assert (old.zones_judged, old.zones_pooled) == (5, 0)


def test_bounds_are_simultaneous_wider_than_a_single_t_and_never_wider_than_bonferronis() -> None:
    zone_days = keyed_generator("independent zones").standard_normal((14, 40))
    critical = critical_value(zone_days, 0.05) / _stretch(zone_days)
    assert t_quantile(13, 0.05) < critical <= t_quantile(13, 0.05 / 40)


def test_zones_that_move_as_one_cost_no_more_than_a_single_zone() -> None:
    one = keyed_generator("one series").standard_normal((14, 1))
    critical = critical_value(np.repeat(one, 40, axis=1), 0.05) / _stretch(one)
    assert critical == pytest.approx(t_quantile(13, 0.05), rel=0.15)


def test_too_few_zones_or_days_fall_back_on_bonferroni() -> None:
    zone_days = keyed_generator("few days").standard_normal((7, 12))
    assert critical_value(zone_days, 0.05) == t_quantile(6, 0.05 / 12) * _stretch(zone_days)


def _stretch(zone_days: np.ndarray) -> float:
    correlation = day_correlation(zone_days)
    return float(np.sqrt((1 + correlation) / (1 - correlation)))


@pytest.mark.parametrize("truth", [0.0, 0.2, 0.4])
def test_the_correlation_of_days_is_found_over_many_zones(truth: float) -> None:
    noise = keyed_generator("correlated", truth).standard_normal((14, 400))
    for day in range(1, 14):
        noise[day] = truth * noise[day - 1] + np.sqrt(1 - truth**2) * noise[day]
    assert day_correlation(noise) == pytest.approx(truth, abs=0.06)


@pytest.mark.slow
def test_no_zone_is_called_harmed_more_often_than_the_level_says_even_on_correlated_days() -> None:
    generator = keyed_generator("simultaneous coverage")
    for correlation, at_most in ((0.0, 0.09), (0.4, 0.14)):
        wrong = 0
        for _ in range(150):
            zone_days = generator.standard_normal((14, 30))
            for day in range(1, 14):
                zone_days[day] = correlation * zone_days[day - 1] + np.sqrt(1 - correlation**2) * zone_days[day]
            errors = zone_days.std(axis=0, ddof=1) / np.sqrt(14)
            wrong += bool((zone_days.mean(axis=0) + critical_value(zone_days, 0.05) * errors < 0).any())
        assert wrong / 150 <= at_most
