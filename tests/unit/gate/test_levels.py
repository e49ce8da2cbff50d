"""The level the ledger leaves, and the policy's thresholds, must reach every part of the gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.gate.detectable import minimum_detectable_effect_pct
from tunegate.gate.intervals import t_quantile
from tunegate.gate.judge import judge
from tunegate.gate.judgement import VarianceComponents
from tunegate.gate.power import GatePlan, Noise, power_at
from tunegate.gate.record import StoredRuns, build_record, replay

REGION = SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=2.0, guardrails=1)
EVIDENCE = synthetic_evidence(REGION, zones=5)
POLICY = synthetic_policy(REGION, worst_zone_margin_pct=5.0)


def test_a_smaller_level_widens_guardrails_zones_and_the_detectable_effect_too() -> None:
    full, shared = (judge(replace(EVIDENCE, alpha_spent=alpha), POLICY) for alpha in (0.05, 0.0125))
    for wide, narrow in zip(shared.guardrails, full.guardrails, strict=True):
        assert wide.low is not None
        assert narrow.low is not None
        assert wide.low < narrow.low
    assert shared.worst_zone is not None
    assert full.worst_zone is not None
    assert shared.worst_zone.critical_value > full.worst_zone.critical_value > t_quantile(13, 0.05)
    assert shared.minimum_detectable_effect_pct is not None
    assert full.minimum_detectable_effect_pct is not None
    assert shared.minimum_detectable_effect_pct > full.minimum_detectable_effect_pct


@pytest.mark.parametrize("minimum_effect_pct", [0.0, 0.5, 2.0])
def test_the_detectable_effect_is_the_one_that_passes_four_times_out_of_five(minimum_effect_pct: float) -> None:
    parts = VarianceComponents(14, 4, 0.5, 1.2, 0.78)
    sd = (0.5**2 + 1.2**2 / 4) ** 0.5
    effect = minimum_detectable_effect_pct(sd, 14, 0.05, minimum_effect_pct)
    assert effect is not None
    assert effect > minimum_effect_pct
    policy = replace(POLICY, minimum_effect_pct=minimum_effect_pct)
    safe_fallback = 50.0
    assert power_at(effect, safe_fallback, Noise(parts, parts, 0.0), GatePlan(14, 4, 0.05), policy) == pytest.approx(
        0.8, abs=0.005
    )


def test_a_record_keeps_every_threshold_of_its_policy() -> None:
    policy = replace(POLICY, minimum_days=9, maximum_test_age_days=17, minimum_effect_pct=0.7, fallback_margin_pct=0.3)
    document = build_record(EVIDENCE, policy, judge(EVIDENCE, policy), "0").document
    kept = document["policy"]
    assert (kept["minimum_days"], kept["maximum_test_age_days"]) == (9, 17)
    assert (kept["minimum_effect_pct"], kept["fallback_margin_pct"]) == (0.7, 0.3)
    assert replay(document, StoredRuns(EVIDENCE.answers, EVIDENCE.self_check)).agrees
