from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from tests.synthetic.evidence import evidence_of, synthetic_policy
from tests.synthetic.gates import Noise, SyntheticRegion, draw_gates, judge_gates
from tunegate.domain.verdicts import Inconclusive, Invalid, Promote
from tunegate.gate.intervals import keyed_generator
from tunegate.gate.judge import judge
from tunegate.gate.rule import Demands

DEMANDS = Demands(0.5, 0.5, 5)


@pytest.mark.parametrize(
    "region",
    [
        SyntheticRegion(),
        SyntheticRegion(effect_ml_pct=0.7, effect_statistics_pct=-0.2, guardrails=3),
        SyntheticRegion(effect_ml_pct=1.0, effect_statistics_pct=1.0, days=7, seeds=2, day_correlation=0.4),
        SyntheticRegion(effect_ml_pct=0.4, noise=Noise.HEAVY, guardrails=1, guardrail_margin_errors=2.0),
        SyntheticRegion(effect_ml_pct=0.4, effect_statistics_pct=-0.9, noise=Noise.UNEQUAL),
    ],
)
def test_the_fast_path_gives_the_verdicts_and_intervals_of_the_gate_itself(region: SyntheticRegion) -> None:
    drawn = draw_gates(region, 40, keyed_generator("equality", repr(region)))
    for gate, (verdict, interval) in enumerate(judge_gates(drawn, region, DEMANDS, 0.05)):
        judgement = judge(evidence_of(drawn, gate, region), synthetic_policy(region))
        assert not isinstance(judgement.verdict, Invalid)
        assert type(judgement.verdict) is type(verdict)
        if isinstance(verdict, Inconclusive) and isinstance(judgement.verdict, Inconclusive):
            assert judgement.verdict.remedy is verdict.remedy
        assert judgement.delta_ml is not None
        assert judgement.delta_ml.low_pct == pytest.approx(interval.low_pct, abs=1e-9)
        assert judgement.delta_ml.high_pct == pytest.approx(interval.high_pct, abs=1e-9)


@pytest.mark.parametrize("noise", list(Noise))
def test_worlds_have_the_noise_and_the_effects_they_name(noise: Noise) -> None:
    region = SyntheticRegion(effect_ml_pct=1.0, effect_statistics_pct=-0.5, noise=noise, revenue_cv_pct=0.0)
    drawn = draw_gates(region, 4000, keyed_generator("noise of regions", noise))
    change = 100 * (drawn.candidate / drawn.production - 1)
    assert change.mean(axis=(0, 2, 3)) == pytest.approx([1.0, -0.5], abs=0.03)
    assert change.std() == pytest.approx(np.sqrt(0.5**2 + 1.2**2 + 0.75**2), rel=0.05)
    assert np.corrcoef(change[:, 0].ravel(), change[:, 1].ravel())[0, 1] == pytest.approx(0.5, abs=0.05)


def test_correlated_days_have_the_correlation_they_name() -> None:
    region = SyntheticRegion(day_correlation=0.4, sd_seed_pct=0.0, revenue_cv_pct=0.0)
    drawn = draw_gates(region, 4000, keyed_generator("correlation of regions"))
    change = (drawn.candidate / drawn.production)[:, 0, :, 0]
    assert np.corrcoef(change[:, 5], change[:, 6])[0, 1] == pytest.approx(0.4, abs=0.05)
    assert np.corrcoef(change[:, 5], change[:, 8])[0, 1] == pytest.approx(0.4**3, abs=0.05)


@pytest.mark.slow
def test_the_rule_errs_as_rarely_as_it_promises() -> None:
    def share_promoted(region: SyntheticRegion) -> float:
        judged = judge_gates(draw_gates(region, 3000, keyed_generator("promises", repr(region))), region, DEMANDS, 0.05)
        return float(np.mean([isinstance(verdict, Promote) for verdict, _ in judged]))

    for noise in Noise:
        for correlation in (0.0, 0.4):
            assert share_promoted(SyntheticRegion(noise=noise, day_correlation=correlation)) <= 0.05
    assert share_promoted(SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=-0.5)) <= 0.055
    assert share_promoted(SyntheticRegion(effect_ml_pct=1.0, effect_statistics_pct=1.0)) >= 0.9
    assert share_promoted(SyntheticRegion(effect_ml_pct=1.4, effect_statistics_pct=2.2)) >= 0.99


def test_a_thousand_synthetic_gates_take_at_most_six_seconds_on_one_core() -> None:
    region = SyntheticRegion(guardrails=8)
    begun_s = time.process_time()
    judge_gates(draw_gates(region, 1000, keyed_generator("speed")), region, DEMANDS, 0.05)
    assert time.process_time() - begun_s <= 6.0


def test_two_draws_with_one_key_are_the_same_gates() -> None:
    region = replace(SyntheticRegion(), guardrails=2)
    one, other = (draw_gates(region, 5, keyed_generator("same")) for _ in range(2))
    assert np.array_equal(one.candidate, other.candidate)
    assert np.array_equal(one.guarded_candidate, other.guarded_candidate)
