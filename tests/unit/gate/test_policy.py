from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tunegate.domain.parameters import Direction, MetricSpec
from tunegate.gate.policy import GatePolicy, GuardrailKind, GuardrailPolicy

WAIT = GuardrailPolicy("wait_mean_s", Direction.LOWER, 2.0, GuardrailKind.RELATIVE_PCT)
POLICY = GatePolicy(0.5, 0.5, 0.05, 5, 30, (WAIT,), None)
SPECS = (
    MetricSpec("wait_mean_s", "s", Direction.LOWER, "Mean wait."),
    MetricSpec("utilisation_pct", "%", Direction.HIGHER, "Occupied share."),
    MetricSpec("trips", "trips", Direction.NEITHER, "Trips."),
)


@pytest.mark.parametrize(
    "change",
    [
        {"minimum_effect_pct": -0.1},
        {"minimum_effect_pct": math.nan},
        {"fallback_margin_pct": -0.1},
        {"one_sided_level": 0.0},
        {"one_sided_level": 0.5},
        {"minimum_days": 4},
        {"maximum_test_age_days": -1},
        {"worst_zone_margin_pct": -1.0},
        {"guardrails": (WAIT, WAIT)},
    ],
)
def test_thresholds_out_of_range_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must hold|may be guarded once"):
        replace(POLICY, **change)


def test_a_guardrail_needs_a_direction_and_a_margin_that_is_a_number() -> None:
    with pytest.raises(ValueError, match="good direction"):
        replace(WAIT, direction=Direction.NEITHER)
    for margin in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="margin >= 0"):
            replace(WAIT, margin=margin)


@pytest.mark.parametrize(
    ("guardrail", "words"),
    [
        (replace(WAIT, metric="wait_median_s"), "must name a metric"),
        (replace(WAIT, direction=Direction.HIGHER), "says that lower is good"),
        (GuardrailPolicy("utilisation_pct", Direction.HIGHER, 0.5, GuardrailKind.FRACTION_POINTS), "not a fraction"),
    ],
)
def test_a_guardrail_that_does_not_fit_the_simulators_metrics_is_a_fault(guardrail: GuardrailPolicy, words: str) -> None:
    (fault,) = replace(POLICY, guardrails=(guardrail,)).faults_against(SPECS)
    assert words in str(fault)


def test_guardrails_that_fit_are_no_fault() -> None:
    fitting = (
        WAIT,
        GuardrailPolicy("utilisation_pct", Direction.HIGHER, 0.5, GuardrailKind.POINTS),
        GuardrailPolicy("trips", Direction.HIGHER, 1.0, GuardrailKind.RELATIVE_PCT),
    )
    assert replace(POLICY, guardrails=fitting).faults_against(SPECS) == ()
