"""The whole gate on synthetic evidence: the bad inputs that are no failed check, the numbers beside the verdict, the words."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.domain.days import Arm, DayResult, Forecast
from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Inconclusive, Invalid, Promote, Reject, Remedy
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judge import judge
from tunegate.gate.judgement import GuardrailStatus
from tunegate.gate.policy import GuardrailKind, GuardrailPolicy

BETTER = SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=2.0)


def change_rows(evidence: GateEvidence, arm: Arm, change: Callable[[DayResult], DayResult]) -> GateEvidence:
    answers = {
        pattern: replace(answer, days=tuple(change(row) for row in answer.days)) if pattern[0] is arm else answer
        for pattern, answer in evidence.answers.items()
    }
    return replace(evidence, answers=answers)


def with_metric(
    evidence: GateEvidence, name: str, of_production: float, of_candidate: Callable[[DayResult], float]
) -> GateEvidence:
    def on(value: Callable[[DayResult], float]) -> Callable[[DayResult], DayResult]:
        return lambda row: replace(row, metrics={**row.metrics, name: value(row)})

    after = change_rows(change_rows(evidence, Arm.PRODUCTION, on(lambda row: of_production)), Arm.CANDIDATE, on(of_candidate))
    return replace(
        after,
        self_check=replace(
            after.answers[Arm.PRODUCTION, Forecast.ML], days=after.answers[Arm.PRODUCTION, Forecast.ML].days[:1]
        ),
    )


def wobble(row: DayResult) -> float:
    return math.sin(row.day.toordinal() * 1.7 + row.seed)


def test_a_better_candidate_is_promoted_with_all_its_numbers() -> None:
    judgement = judge(synthetic_evidence(BETTER), synthetic_policy(BETTER))
    assert isinstance(judgement.verdict, Promote)
    assert judgement.delta_ml is not None
    assert judgement.delta_ml.low_pct < 2.0 < judgement.delta_ml.high_pct
    assert judgement.delta_statistics is not None
    assert judgement.interaction is not None
    assert judgement.interaction.estimate_pct == pytest.approx(
        judgement.delta_ml.estimate_pct - judgement.delta_statistics.estimate_pct
    )
    assert judgement.sign_flip_p_ml == 2.0**-14
    assert judgement.components_ml is not None
    assert judgement.components_ml.sd_seed == pytest.approx(1.2, rel=0.3)
    assert judgement.minimum_detectable_effect_pct == pytest.approx(0.75, rel=0.3)


def test_the_days_shown_average_to_the_estimate_and_to_the_revenues() -> None:
    judgement = judge(synthetic_evidence(BETTER), synthetic_policy(BETTER))
    days = [day for day in judgement.days if day.forecast is Forecast.ML]
    production = np.array([day.production_minor for day in days])
    candidate = np.array([day.candidate_minor for day in days])
    assert judgement.delta_ml is not None
    assert np.mean([day.delta_pct for day in days]) == pytest.approx(judgement.delta_ml.estimate_pct)
    assert 100 * (candidate.sum() / production.sum() - 1) == pytest.approx(judgement.delta_ml.estimate_pct)
    assert len(judgement.days) == 28


def test_a_worse_candidate_is_rejected() -> None:
    worse = SyntheticRegion(effect_ml_pct=-2.0, effect_statistics_pct=-2.0)
    judgement = judge(synthetic_evidence(worse), synthetic_policy(worse))
    assert isinstance(judgement.verdict, Reject)
    assert "not worth having" in judgement.plain_words


def test_too_few_days_are_inconclusive_whatever_they_show() -> None:
    short = SyntheticRegion(effect_ml_pct=30.0, effect_statistics_pct=30.0, days=4)
    judgement = judge(synthetic_evidence(short), synthetic_policy(short))
    assert isinstance(judgement.verdict, Inconclusive)
    assert judgement.verdict.remedy is Remedy.MORE_DAYS
    assert judgement.delta_ml is None
    assert judgement.minimum_detectable_effect_pct is None


def test_the_policys_own_minimum_of_days_counts_even_when_an_interval_exists() -> None:
    week = SyntheticRegion(effect_ml_pct=30.0, effect_statistics_pct=30.0, days=7)
    judgement = judge(synthetic_evidence(week), replace(synthetic_policy(week), minimum_days=8))
    assert isinstance(judgement.verdict, Inconclusive)
    assert judgement.delta_ml is not None


def test_constant_differences_are_inconclusive_and_have_no_interval() -> None:
    still = SyntheticRegion(effect_ml_pct=5.0, effect_statistics_pct=5.0, sd_day_pct=0.0, sd_seed_pct=0.0, revenue_cv_pct=0.0)
    judgement = judge(synthetic_evidence(still), synthetic_policy(still))
    assert isinstance(judgement.verdict, Inconclusive)
    assert "same on every day" in judgement.verdict.reason
    assert judgement.delta_ml is None


def test_a_single_seed_is_judged_but_tells_no_seed_noise() -> None:
    single = SyntheticRegion(effect_ml_pct=4.0, effect_statistics_pct=4.0, seeds=1)
    judgement = judge(synthetic_evidence(single), synthetic_policy(single))
    assert isinstance(judgement.verdict, Promote)
    assert judgement.components_ml is not None
    assert judgement.components_ml.sd_seed is None


def test_a_refusal_by_the_ledger_is_the_whole_reason_and_no_number_is_read() -> None:
    evidence = replace(synthetic_evidence(BETTER), answers={}, self_check=None, alpha_spent=0.0, refusal="the level is spent")
    judgement = judge(evidence, synthetic_policy(BETTER))
    assert judgement.verdict == Invalid("the level is spent")
    assert judgement.delta_ml is None


def test_a_smaller_level_left_by_the_ledger_widens_every_interval() -> None:
    evidence = synthetic_evidence(BETTER)
    full, shared = (judge(replace(evidence, alpha_spent=alpha), synthetic_policy(BETTER)) for alpha in (0.05, 0.0125))
    assert full.delta_ml is not None
    assert shared.delta_ml is not None
    assert shared.delta_ml.low_pct < full.delta_ml.low_pct
    assert shared.delta_ml.high_pct > full.delta_ml.high_pct
    assert shared.one_sided_level == 0.0125
    assert "97.5 %" in shared.plain_words
    assert "90 %" in full.plain_words


@pytest.mark.parametrize(
    ("kind", "production", "step", "estimate"),
    [
        (GuardrailKind.RELATIVE_PCT, 200.0, 2.0, 1.0),
        (GuardrailKind.POINTS, 46.0, 1.0, 1.0),
        (GuardrailKind.FRACTION_POINTS, 0.46, 0.01, 1.0),
    ],
)
def test_a_guardrail_is_measured_in_the_unit_of_its_kind(
    kind: GuardrailKind, production: float, step: float, estimate: float
) -> None:
    evidence = with_metric(
        synthetic_evidence(BETTER), "wait", production, lambda row: production + step + 0.001 * step * wobble(row)
    )
    policy = replace(synthetic_policy(BETTER), guardrails=(GuardrailPolicy("wait", Direction.LOWER, 2.0, kind),))
    judgement = judge(evidence, policy)
    outcome = judgement.guardrails[0]
    assert outcome.estimate == pytest.approx(estimate, abs=0.01)
    assert outcome.status is GuardrailStatus.HELD
    assert outcome.bound == outcome.high
    assert isinstance(judgement.verdict, Promote)


def test_a_longer_wait_beyond_its_margin_rejects_even_when_revenue_rises() -> None:
    evidence = with_metric(synthetic_evidence(BETTER), "wait", 200.0, lambda row: 210.0 + wobble(row))
    policy = replace(
        synthetic_policy(BETTER), guardrails=(GuardrailPolicy("wait", Direction.LOWER, 2.0, GuardrailKind.RELATIVE_PCT),)
    )
    judgement = judge(evidence, policy)
    assert judgement.guardrails[0].status is GuardrailStatus.BROKEN
    assert isinstance(judgement.verdict, Reject)


def test_a_guardrail_of_a_metric_that_never_moves_holds_and_one_with_a_constant_shift_is_not_computed() -> None:
    policy = replace(
        synthetic_policy(BETTER), guardrails=(GuardrailPolicy("wait", Direction.LOWER, 2.0, GuardrailKind.POINTS),)
    )
    still = judge(with_metric(synthetic_evidence(BETTER), "wait", 600.0, lambda row: 600.0), policy)
    assert still.guardrails[0].status is GuardrailStatus.HELD
    shifted = judge(with_metric(synthetic_evidence(BETTER), "wait", 600.0, lambda row: 599.0), policy)
    assert shifted.guardrails[0].status is GuardrailStatus.NOT_COMPUTED
    assert isinstance(shifted.verdict, Inconclusive)
    assert shifted.verdict.remedy is Remedy.GUARDRAIL


def test_a_relative_guardrail_without_a_base_is_not_computed_and_blocks() -> None:
    policy = replace(
        synthetic_policy(BETTER), guardrails=(GuardrailPolicy("lost", Direction.LOWER, 2.0, GuardrailKind.RELATIVE_PCT),)
    )
    judgement = judge(with_metric(synthetic_evidence(BETTER), "lost", 0.0, wobble), policy)
    assert judgement.guardrails[0].estimate is None
    assert judgement.guardrails[0].status is GuardrailStatus.NOT_COMPUTED
    assert isinstance(judgement.verdict, Inconclusive)


def test_the_words_say_what_would_change_an_inconclusive_verdict() -> None:
    weak = SyntheticRegion(effect_ml_pct=0.6, effect_statistics_pct=0.6, days=7, seeds=1)
    words = judge(synthetic_evidence(weak), synthetic_policy(weak)).plain_words
    assert "does not say whether the new settings are better" in words
    assert "would settle it" in words
    assert "four times out of five" in words


def test_one_verdict_over_a_hundred_zones_takes_at_most_a_fifth_of_a_second() -> None:
    region = SyntheticRegion(effect_ml_pct=1.0, effect_statistics_pct=1.0, guardrails=7)
    evidence, policy = synthetic_evidence(region, zones=100), synthetic_policy(region, worst_zone_margin_pct=2.0)
    judge(evidence, policy)  # the draws for the detectable effect are kept from the first verdict on
    times_s = []
    for _ in range(5):
        begun_s = time.process_time()
        judgement = judge(evidence, policy)
        times_s.append(time.process_time() - begun_s)
    assert judgement.worst_zone is not None
    assert min(times_s) <= 0.2
