"""Properties of the whole gate and of its parts, over generated regions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.domain.days import Arm, DayResult, Forecast
from tunegate.domain.verdicts import Inconclusive, Interval, Promote, Reject, Verdict
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.intervals import interval_of, paired_days_pct, paired_t_half_width, sign_flip_p
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement

REGION = SyntheticRegion()
POLICY = synthetic_policy(REGION)

regions = st.builds(
    SyntheticRegion,
    effect_ml_pct=st.floats(-3, 3),
    effect_statistics_pct=st.floats(-3, 3),
    days=st.integers(5, 16),
    seeds=st.integers(1, 4),
    sd_day_pct=st.floats(0.1, 2),
    sd_seed_pct=st.floats(0.1, 2),
    day_correlation=st.floats(0, 0.6),
    revenue_cv_pct=st.floats(0, 20),
)
keys = st.integers(0, 10_000)
amounts = hnp.arrays(np.float64, (7, 2), elements=st.floats(1e6, 2e6))


def swap(evidence: GateEvidence) -> GateEvidence:
    other = {Arm.PRODUCTION: Arm.CANDIDATE, Arm.CANDIDATE: Arm.PRODUCTION}
    answers = {(other[arm], forecast): answer for (arm, forecast), answer in evidence.answers.items()}
    first = answers[Arm.PRODUCTION, Forecast.ML]
    return replace(
        evidence,
        production=evidence.candidate,
        candidate=evidence.production,
        live_production_digest=evidence.candidate.digest,
        answers=answers,
        self_check=replace(first, days=first.days[:1]),
    )


def earn(evidence: GateEvidence, by_arm: dict[Arm, float]) -> GateEvidence:
    """Add an amount to every day of an arm."""

    def richer(row: DayResult, arm: Arm) -> DayResult:
        return replace(row, metrics={**row.metrics, "revenue_minor": row.revenue_minor + by_arm.get(arm, 0.0)})

    answers = {
        pattern: replace(answer, days=tuple(richer(row, pattern[0]) for row in answer.days))
        for pattern, answer in evidence.answers.items()
    }
    first = answers[Arm.PRODUCTION, Forecast.ML]
    return replace(evidence, answers=answers, self_check=replace(first, days=first.days[:1]))


def in_money(judgement: Judgement) -> np.ndarray:
    """Estimate and bounds of the ml effect as minor units a day."""
    assert judgement.delta_ml is not None
    base = np.mean([day.production_minor for day in judgement.days if day.forecast is Forecast.ML])
    delta = judgement.delta_ml
    return np.array([delta.estimate_pct, delta.low_pct, delta.high_pct]) * base / 100.0


def rank(verdict: Verdict) -> int:
    """How far a verdict lets a candidate go."""
    match verdict:
        case Promote():
            return 2
        case Inconclusive():
            return 1
        case _:
            return 0


@settings(max_examples=60, deadline=None)
@given(regions, keys)
def test_swapping_arms_flips_the_sign(region: SyntheticRegion, key: int) -> None:
    evidence = synthetic_evidence(region, key)
    forward, backward = in_money(judge(evidence, POLICY)), in_money(judge(swap(evidence), POLICY))
    assert np.allclose(forward, -backward[[0, 2, 1]], rtol=1e-9, atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(regions, keys)
def test_a_candidate_and_production_in_its_place_are_never_both_promoted(region: SyntheticRegion, key: int) -> None:
    evidence = synthetic_evidence(region, key)
    verdicts = [judge(evidence, POLICY).verdict, judge(swap(evidence), POLICY).verdict]
    assert sum(isinstance(verdict, Promote) for verdict in verdicts) <= 1


@settings(max_examples=60, deadline=None)
@given(regions, keys, st.floats(0, 1e8))
def test_adding_a_constant_to_both_arms_changes_nothing_in_absolute_terms(
    region: SyntheticRegion, key: int, amount: float
) -> None:
    evidence = synthetic_evidence(region, key)
    richer = earn(evidence, dict.fromkeys(Arm, amount))
    before, after = judge(evidence, POLICY), judge(richer, POLICY)
    assert np.allclose(in_money(before), in_money(after), rtol=1e-6, atol=1.0)
    assert before.sign_flip_p_ml == pytest.approx(after.sign_flip_p_ml, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(regions, keys)
def test_permuting_days_changes_nothing_but_the_ewc_term(region: SyntheticRegion, key: int) -> None:
    evidence = synthetic_evidence(region, key)
    order = np.random.Generator(np.random.PCG64(key)).permutation(region.days)
    one, other = (paired_days_pct(*_cells(evidence, days)) for days in (np.arange(region.days), order))
    assert one.mean() == pytest.approx(other.mean(), rel=1e-9, abs=1e-9)
    assert float(paired_t_half_width(one, 0.05)) == pytest.approx(float(paired_t_half_width(other, 0.05)), rel=1e-9)
    assert sign_flip_p(one) == pytest.approx(sign_flip_p(other), abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(regions, keys, st.floats(0, 5e5))
def test_worse_never_promotes_more(region: SyntheticRegion, key: int, loss: float) -> None:
    evidence = synthetic_evidence(region, key)
    worse = earn(evidence, {Arm.CANDIDATE: -loss})
    assert rank(judge(worse, POLICY).verdict) <= rank(judge(evidence, POLICY).verdict)


@settings(max_examples=60, deadline=None)
@given(amounts, amounts)
def test_the_estimate_lies_inside_its_interval_and_the_level_orders_the_widths(one: np.ndarray, other: np.ndarray) -> None:
    days = paired_days_pct(one, other)
    strict, loose = interval_of(days, 0.01), interval_of(days, 0.05)
    if strict is None or loose is None:
        assert days.std() < 1e-6
        return
    assert strict.low_pct <= loose.low_pct <= loose.estimate_pct <= loose.high_pct <= strict.high_pct


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_the_sign_flip_p_of_one_side_and_the_other_cover_everything(values: list[float]) -> None:
    array = np.array(values)
    up, down = sign_flip_p(array), sign_flip_p(-array)
    assert 0 < up <= 1
    assert up + down >= 1.0 - 1e-12


@settings(max_examples=80, deadline=None)
@given(regions, keys)
def test_a_promotion_always_has_the_numbers_that_justify_it(region: SyntheticRegion, key: int) -> None:
    judgement = judge(synthetic_evidence(region, key), POLICY)
    if isinstance(judgement.verdict, Promote):
        ml, statistics = judgement.delta_ml, judgement.delta_statistics
        assert isinstance(ml, Interval)
        assert isinstance(statistics, Interval)
        assert ml.low_pct > 0
        assert ml.estimate_pct >= 0.5
        assert statistics.low_pct > -0.5
    if isinstance(judgement.verdict, Reject):
        assert judgement.delta_ml is not None
        assert judgement.delta_statistics is not None
        assert judgement.delta_ml.high_pct < 0.5 or judgement.delta_statistics.high_pct < -0.5


def _cells(evidence: GateEvidence, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    def cells(arm: Arm) -> np.ndarray:
        rows = evidence.answers[arm, Forecast.ML].days
        return np.array([row.revenue_minor for row in rows]).reshape(len(evidence.days), len(evidence.seeds))[order]

    return cells(Arm.PRODUCTION), cells(Arm.CANDIDATE)
