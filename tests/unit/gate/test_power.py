from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.formula.api as smf
from pandas import DataFrame
from scipy import stats

from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion, draw_gates, judge_gates
from tunegate.domain.days import Arm, Forecast
from tunegate.domain.verdicts import Promote
from tunegate.gate.detectable import expected_half_width_pct, minimum_detectable_effect_pct
from tunegate.gate.grid import paired_rows
from tunegate.gate.intervals import keyed_generator
from tunegate.gate.judgement import VarianceComponents
from tunegate.gate.power import GatePlan, Noise, TuningRuns, advise, forecast_power, measure_noise, power_at
from tunegate.gate.rule import Demands
from tunegate.gate.variance import components, day_mean_sd, pooled, seeds_suffice

TOY = SyntheticRegion()
POLICY = synthetic_policy(TOY)
TOY_PARTS = VarianceComponents(14, 4, 0.5, 1.2, math.sqrt(0.25 + 1.44 / 4))
TOY_NOISE = Noise(TOY_PARTS, TOY_PARTS, 0.5)
DESIGN = GatePlan(14, 4, 0.05)


def runs(region: SyntheticRegion, key: int = 0) -> TuningRuns:
    evidence = synthetic_evidence(region, key)
    return TuningRuns(evidence.days, evidence.seeds, evidence.answers)


def test_components_are_those_of_a_mixed_model() -> None:
    generator = keyed_generator("mixed model")
    cells = 0.8 * generator.standard_normal((40, 1)) + 1.2 * generator.standard_normal((40, 5))
    frame = DataFrame({"y": cells.ravel(), "day": np.repeat(np.arange(40), 5)})
    reference = smf.mixedlm("y ~ 1", frame, groups=frame["day"]).fit(reml=True)
    found = components(cells)
    assert found is not None
    assert found.sd_day**2 == pytest.approx(float(reference.cov_re.iloc[0, 0]), rel=1e-3)
    assert found.sd_seed is not None
    assert found.sd_seed**2 == pytest.approx(float(reference.scale), rel=1e-3)


def test_days_that_differ_less_than_their_seeds_explain_have_no_noise_of_their_own() -> None:
    cells = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]])
    found = components(cells)
    assert found is not None
    assert found.sd_day == 0.0


def test_components_need_two_days_and_tell_no_seeds_from_one() -> None:
    assert components(np.array([[1.0, 2.0]])) is None
    found = components(np.array([[1.0], [2.0], [4.0]]))
    assert found is not None
    assert found.sd_seed is None
    assert day_mean_sd(found, 8) == found.sd_day


def test_pooled_components_average_the_mean_squares_of_several_differences() -> None:
    generator = keyed_generator("pooled")
    cells = [0.5 * generator.standard_normal((3, 1)) + 1.2 * generator.standard_normal((3, 4)) for _ in range(400)]
    parts = [part for part in map(components, cells) if part is not None]
    found = pooled(parts)
    assert found.sd_day == pytest.approx(0.5, rel=0.15)
    assert found.sd_seed == pytest.approx(1.2, rel=0.05)
    assert pooled(parts[:1]) == parts[0]


def test_only_equal_designs_are_pooled() -> None:
    parts = [components(np.ones((days, 2)) * np.arange(days)[:, np.newaxis]) for days in (3, 4)]
    with pytest.raises(ValueError, match="equal days and seeds"):
        pooled([part for part in parts if part is not None])
    with pytest.raises(ValueError, match="equal days and seeds"):
        pooled([])


def test_further_parameters_on_two_tuning_days_make_the_forecast_steadier() -> None:
    def half_widths(probes: int) -> list[float]:
        found = []
        for key in range(30):
            several = [replace(each, days=each.days[:2]) for each in (runs(TOY, 100 * key + probe) for probe in range(probes))]
            rows = [each for each in (paired_rows(one, Forecast.ML) for one in several) if each is not None]
            width = expected_half_width_pct(day_mean_sd(measure_noise(rows, [None]).ml, 4), 14, 0.05)
            assert width is not None
            found.append(width)
        return found

    one, five = half_widths(1), half_widths(5)
    first, *others = (runs(TOY, key) for key in range(3))
    assert forecast_power(first, DESIGN, POLICY, others).half_width_pct != forecast_power(first, DESIGN, POLICY).half_width_pct
    assert np.std(five) < 0.6 * np.std(one)
    expected = expected_half_width_pct(TOY_PARTS.sd_day_mean, 14, 0.05)
    assert np.mean(five) == pytest.approx(expected, rel=0.1)


def test_seeds_suffice_once_their_variance_is_a_quarter_of_the_days() -> None:
    parts = VarianceComponents(14, 4, 1.0, 1.0, math.sqrt(1.25))
    assert seeds_suffice(parts, 4)
    assert not seeds_suffice(parts, 3)


def test_the_detectable_effect_lies_between_those_of_the_two_intervals_alone() -> None:
    found = minimum_detectable_effect_pct(TOY_PARTS.sd_day_mean, 14, 0.05, 0.0)
    error = TOY_PARTS.sd_day_mean / math.sqrt(14)
    by_t = _detectable_by_t(error, 13)
    by_four = _detectable_by_t(error, 4)
    assert found is not None
    assert by_t < found < by_four * 1.05


def _detectable_by_t(error: float, degrees: int) -> float:
    critical = stats.t.ppf(0.95, degrees)
    effects = np.linspace(0, 10 * error, 2001)
    powers = stats.nct.sf(critical, degrees, effects / error)
    return float(effects[np.searchsorted(powers, 0.8)])


def test_power_and_half_width_are_what_synthetic_gates_show() -> None:
    region = replace(TOY, effect_ml_pct=0.7, effect_statistics_pct=0.1, revenue_cv_pct=0.0)
    drawn = draw_gates(region, 3000, keyed_generator("power check"))
    judged = judge_gates(drawn, region, Demands(0.5, 0.5, 5), 0.05)
    promoted = np.mean([isinstance(verdict, Promote) for verdict, _ in judged])
    assert power_at(0.7, 0.1, TOY_NOISE, DESIGN, POLICY) == pytest.approx(promoted, abs=0.04)
    widths = np.mean([interval.high_pct - interval.estimate_pct for _, interval in judged])
    assert expected_half_width_pct(TOY_PARTS.sd_day_mean, 14, 0.05) == pytest.approx(widths, rel=0.03)


def test_the_design_budget_has_the_power_the_design_asks_for() -> None:
    assert power_at(1.0, 1.0, TOY_NOISE, DESIGN, POLICY) >= 0.9
    assert power_at(1.4, 2.2, TOY_NOISE, DESIGN, POLICY) >= 0.99


def test_a_plan_under_the_fewest_days_has_no_power_and_no_half_width() -> None:
    forecast = forecast_power(runs(TOY), GatePlan(4, 4, 0.05), POLICY)
    assert forecast.power_at_1_4_pct == 0.0
    assert forecast.half_width_pct is None
    assert forecast.minimum_detectable_effect_pct is None


def test_the_predicted_half_width_is_the_later_gates_within_a_factor_of_one_and_a_half() -> None:
    inside = 0
    for key in range(40):
        rows = paired_rows(replace(runs(TOY, key), days=runs(TOY, key).days[:7]), Forecast.ML)
        assert rows is not None
        predicted = expected_half_width_pct(day_mean_sd(measure_noise([rows], [None]).ml, 4), 14, 0.05)
        assert predicted is not None
        later = draw_gates(TOY, 1, keyed_generator("later", key))
        ((_, interval),) = judge_gates(later, TOY, Demands(0.5, 0.5, 5), 0.05)
        inside += 1 / 1.5 <= (interval.high_pct - interval.estimate_pct) / predicted <= 1.5
    assert inside >= 28


def test_advice_spends_seeds_before_days_and_no_more_than_needed() -> None:
    advice = advise(TOY_NOISE, DESIGN, POLICY)
    assert advice.reaches_target
    assert advice.plan.days <= 14
    assert advice.power >= 0.9
    cheaper = GatePlan(advice.plan.days, advice.plan.seeds - 1, 0.05)
    assert cheaper.seeds == 0 or power_at(1.0, 1.0, TOY_NOISE, cheaper, POLICY) < 0.9


def test_noise_of_days_is_answered_with_more_days() -> None:
    parts = VarianceComponents(14, 4, 2.0, 0.2, 2.0)
    advice = advise(Noise(parts, parts, 0.0), DESIGN, POLICY)
    assert advice.reaches_target
    assert advice.plan.days > 14
    assert advice.plan.seeds == 1
    assert "more days" in advice.why


def test_a_hopeless_wish_is_called_so() -> None:
    parts = VarianceComponents(14, 4, 9.0, 0.2, 9.0)
    advice = advise(Noise(parts, parts, 0.0), DESIGN, POLICY)
    assert not advice.reaches_target
    assert "not even" in advice.why


def test_simulated_days_count_four_patterns_and_the_self_check() -> None:
    assert DESIGN.simulated_days == 4 * 14 * 4 + 1


@pytest.mark.parametrize(("errors", "tight"), [(2.0, True), (12.0, False)])
def test_a_guardrail_margin_under_four_standard_errors_is_reported(errors: float, tight: bool) -> None:
    region = SyntheticRegion(guardrails=1, guardrail_margin_errors=errors)
    (guardrail,) = forecast_power(runs(region), DESIGN, synthetic_policy(region)).guardrails
    assert guardrail.too_tight is tight
    assert guardrail.margin_errors == pytest.approx(errors, rel=0.6)
    assert guardrail.chance_held is not None
    assert guardrail.chance_held > 0.95 or tight


def test_the_worst_zone_is_forecast_with_the_noisiest_zone() -> None:
    evidence = synthetic_evidence(TOY, zones=30)
    tuning = TuningRuns(evidence.days, evidence.seeds, evidence.answers)
    (guardrail,) = forecast_power(tuning, DESIGN, synthetic_policy(TOY, worst_zone_margin_pct=1.0)).guardrails
    assert guardrail.metric == "worst_zone"
    assert guardrail.too_tight


def test_a_guardrail_the_tuning_days_say_nothing_of_is_none_and_not_zero() -> None:
    region = SyntheticRegion(guardrails=1)
    (guardrail,) = forecast_power(runs(TOY), DESIGN, synthetic_policy(region)).guardrails
    assert guardrail.standard_error is None
    assert guardrail.too_tight is None


def test_without_statistics_runs_the_fallback_counts_as_equally_noisy() -> None:
    full = runs(TOY)
    ml_only = {pattern: answer for pattern, answer in full.answers.items() if pattern[1] is Forecast.ML}
    noise = forecast_power(replace(full, answers=ml_only), DESIGN, POLICY).noise
    assert noise.statistics == noise.ml
    assert noise.correlation == 0.0


def test_incomplete_or_too_few_tuning_days_are_refused() -> None:
    full = runs(TOY)
    without = {pattern: answer for pattern, answer in full.answers.items() if pattern != (Arm.CANDIDATE, Forecast.ML)}
    with pytest.raises(ValueError, match="both arms"):
        forecast_power(replace(full, answers=without), DESIGN, POLICY)
    with pytest.raises(ValueError, match="tuning days >= 2"):
        forecast_power(replace(full, days=full.days[:1]), DESIGN, POLICY)
