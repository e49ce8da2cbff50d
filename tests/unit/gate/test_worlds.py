"""The gate over worlds: the mean, the prediction for the true world, stress worlds, the record, against a plain oracle."""

from __future__ import annotations

import json
import math
import statistics
import time
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import stats

from tests.synthetic.gates import SyntheticRegion
from tests.synthetic.worlds import worlds_evidence, worlds_policy
from tunegate.domain.canonical import canonical_json, content_digest
from tunegate.domain.days import Arm, Forecast
from tunegate.domain.verdicts import Inconclusive, Interval, Invalid, Promote, Reject, Remedy
from tunegate.domain.worlds import World
from tunegate.gate.evidence import GateEvidence, WorldRuns
from tunegate.gate.intervals import interval_of, keyed_generator, paired_days_pct
from tunegate.gate.judge import judge
from tunegate.gate.judgement import GuardrailStatus
from tunegate.gate.record import StoredRuns, build_record, replay
from tunegate.gate.verdict_document import read_verdict
from tunegate.gate.versions import CURRENT_RULE
from tunegate.gate.world_design import WorldDesign
from tunegate.gate.worlds import between_worlds_variance, realised_effect

REGION = SyntheticRegion(sd_seed_pct=0.6, guardrails=1, guardrail_margin_errors=8.0)
EFFECTS = (2.0, 2.2, 1.6, 2.4, 1.9, 2.1)
EVEN_WORLDS = WorldDesign.complete((1 / 8,) * 8, 14)
STRESS = {"half follow": 1.5, "most follow": 1.2}
EVIDENCE = worlds_evidence(REGION, EFFECTS, stress_pct=STRESS, zones=5)
POLICY = worlds_policy(REGION, tuple(STRESS), worst_zone_margin_pct=8.0)


def days_by_world(evidence: GateEvidence) -> list[list[float]]:
    """Day differences in percent of each world's production mean, in plain Python."""
    found = []
    for runs in evidence.worlds:
        arms = {
            arm: [
                statistics.fmean(row.revenue_minor for row in runs.answers[arm, Forecast.ML].days if row.day == day)
                for day in evidence.days
            ]
            for arm in Arm
        }
        base = statistics.fmean(arms[Arm.PRODUCTION])
        found.append(
            [100 * (after - before) / base for before, after in zip(arms[Arm.PRODUCTION], arms[Arm.CANDIDATE], strict=True)]
        )
    return found


def test_the_effect_is_the_weighted_mean_over_worlds_with_days_as_replication() -> None:
    weights = (3.0, 1.0, 1.0, 1.0, 2.0, 2.0)
    evidence = worlds_evidence(REGION, EFFECTS, weights=weights)
    judgement = judge(evidence, worlds_policy(REGION))
    by_world = days_by_world(evidence)
    days = [sum(w * days[d] for w, days in zip(weights, by_world, strict=True)) / 10 for d in range(14)]
    expected = interval_of(np.array(days), 0.05, CURRENT_RULE)
    assert expected is not None
    assert judgement.delta_ml is not None
    assert judgement.delta_ml.estimate_pct == pytest.approx(statistics.fmean(days))
    assert judgement.delta_ml.low_pct == pytest.approx(expected.low_pct)
    assert [world.weight for world in judgement.worlds] == pytest.approx([0.3, 0.1, 0.1, 0.1, 0.2, 0.2])
    for world, own in zip(judgement.worlds, by_world, strict=True):
        assert world.estimate_pct == pytest.approx(statistics.fmean(own))


def oracle_realised(days: list[list[float]], half_days: float, level: float) -> tuple[float, float, float]:
    """Low, high and the spread between equally weighted worlds, by the textbook's sums of squares."""
    count, length = len(days), len(days[0])
    means = [statistics.fmean(row) for row in days]
    grand = statistics.fmean(means)
    columns = [statistics.fmean(row[d] for row in days) for d in range(length)]
    residual = sum((days[w][d] - means[w] - columns[d] + grand) ** 2 for w in range(count) for d in range(length))
    variance = max(0.0, statistics.variance(means) - residual / ((count - 1) * (length - 1)) / length)
    half_worlds = stats.t.ppf(1 - level, count - 1) * math.sqrt(variance * (1 + 1 / count))
    half = math.sqrt(half_days**2 + half_worlds**2)
    return min(grand - half, *means), max(grand + half, *means), math.sqrt(variance)


@pytest.mark.parametrize("level", [0.05, 0.0125])
def test_the_prediction_agrees_with_a_plain_oracle(level: float) -> None:
    judgement = judge(replace(EVIDENCE, alpha_spent=level), POLICY)
    realised, delta = judgement.realised, judgement.delta_ml
    assert realised is not None
    assert delta is not None
    low, high, spread = oracle_realised(days_by_world(EVIDENCE), delta.high_pct - delta.estimate_pct, level)
    assert (realised.low_pct, realised.high_pct) == pytest.approx((low, high))
    assert realised.sd_worlds_pct == pytest.approx(spread)
    assert realised.effective_worlds == pytest.approx(6.0)
    assert realised.low_pct < delta.low_pct < delta.high_pct < realised.high_pct


def test_a_world_given_twice_with_half_its_weight_changes_no_estimate() -> None:
    days = keyed_generator("doubled").standard_normal((3, 14)) + np.array([[1.0], [2.0], [4.0]])
    single = WorldDesign.complete((0.5, 0.25, 0.25), 14).mean_by_day(days)
    double = WorldDesign.complete((0.25,) * 4, 14).mean_by_day(days[[0, 0, 1, 2]])
    assert single == pytest.approx(double)


def test_worlds_that_differ_only_by_noise_have_no_spread_on_average() -> None:
    generator, design = keyed_generator("no spread"), EVEN_WORLDS
    variances = [between_worlds_variance(tuple(generator.standard_normal((8, 14))), design) for _ in range(400)]
    assert np.mean(variances) < 0.4 / 14
    assert min(variances) == 0.0


def test_unequal_weights_leave_the_variance_between_worlds_unbiased() -> None:
    generator = keyed_generator("weights")
    design = WorldDesign.complete((0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05), 14)
    found = []
    for _ in range(3_000):
        worlds = 1.5 * generator.standard_normal((8, 1))
        found.append(between_worlds_variance(tuple(worlds + 0.2 * generator.standard_normal((8, 14))), design))
    assert np.mean(found) == pytest.approx(1.5**2, rel=0.05)


def test_the_chance_of_a_loss_is_that_of_the_predicted_t() -> None:
    generator = keyed_generator("loss")
    days = 0.3 + generator.standard_normal((6, 1)) + 0.1 * generator.standard_normal((6, 14))
    design = WorldDesign.complete((1 / 6,) * 6, 14)
    estimate = float(days.mean())
    realised = realised_effect(tuple(days), design, Interval(estimate, estimate - 0.05, estimate + 0.05), 0.05)
    assert realised is not None
    half = math.hypot(0.05, stats.t.ppf(0.95, 5) * realised.sd_worlds_pct * math.sqrt(7 / 6))
    assert realised.chance_of_loss == pytest.approx(stats.t.cdf(-estimate * stats.t.ppf(0.95, 5) / half, 5))
    assert 0.05 < realised.chance_of_loss < 0.7


def test_a_skewed_set_says_so_and_its_interval_reaches_its_tail() -> None:
    days = np.array([1.0, 1.0, 1.1, 1.1, 1.2, 1.2, 1.0, -3.0])[:, np.newaxis] + 0.01 * keyed_generator("tail").standard_normal(
        (8, 14)
    )
    mean = interval_of(days.mean(axis=0), 0.25, CURRENT_RULE)
    assert mean is not None
    realised = realised_effect(tuple(days), EVEN_WORLDS, mean, 0.25)
    assert realised is not None
    assert realised.skewness is not None
    assert realised.skewness < -1.5
    assert realised.low_pct <= float(days[7].mean())


def test_the_prediction_covers_a_fresh_world_about_as_often_as_it_says() -> None:
    generator, covered, gates = keyed_generator("prediction"), 0, 2_000
    for _ in range(gates):
        worlds = generator.standard_normal(9)
        days = worlds[:8, np.newaxis] + 0.4 * generator.standard_normal(14) + 0.6 * generator.standard_normal((8, 14))
        mean = interval_of(days.mean(axis=0), 0.05, CURRENT_RULE)
        assert mean is not None
        realised = realised_effect(tuple(days), EVEN_WORLDS, mean, 0.05)
        assert realised is not None
        covered += realised.low_pct <= worlds[8] <= realised.high_pct
    assert 0.88 <= covered / gates <= 0.95


def test_a_candidate_that_gains_in_every_world_and_survives_stress_is_promoted() -> None:
    judgement = judge(EVIDENCE, POLICY)
    assert isinstance(judgement.verdict, Promote)
    assert "2 of 2 stress worlds survived" in judgement.verdict.reason
    assert [outcome.status for outcome in judgement.stress_worlds] == [GuardrailStatus.HELD] * 2
    assert "chance of a loss" in judgement.plain_words


def test_a_gate_of_one_world_says_that_its_verdict_is_conditional_on_it() -> None:
    alone = replace(EVIDENCE, answers=EVIDENCE.worlds[0].answers, worlds=(), stress_worlds=())
    judgement = judge(alone, worlds_policy(REGION))
    assert isinstance(judgement.verdict, Promote)
    assert judgement.realised is None
    assert "conditional on the one world" in judgement.plain_words


def test_worlds_without_spread_of_settings_still_judge_like_one_world() -> None:
    """A set whose worlds happen to give the same numbers has the interval of one of them."""
    alone = replace(EVIDENCE, answers=EVIDENCE.worlds[0].answers, worlds=(), stress_worlds=())
    twice = tuple(
        WorldRuns(name, World({"follower_share": share}, 1.0), alone.days, alone.seeds, alone.answers)
        for name, share in (("a", 0.2), ("b", 0.3))
    )
    judgement, single = (
        judge(replace(alone, answers={}, worlds=twice), worlds_policy(REGION)),
        judge(alone, worlds_policy(REGION)),
    )
    assert judgement.delta_ml == single.delta_ml
    assert judgement.realised is not None
    assert single.delta_ml is not None
    assert judgement.realised.low_pct == pytest.approx(single.delta_ml.low_pct)


@pytest.mark.parametrize(
    ("effect_pct", "kind", "status"),
    [
        (-4.0, Reject, GuardrailStatus.BROKEN),
        (-0.5, Inconclusive, GuardrailStatus.UNDECIDED),
        (-0.2, Inconclusive, GuardrailStatus.UNDECIDED),
        (0.8, Promote, GuardrailStatus.HELD),
    ],
)
def test_a_stress_world_blocks_whatever_the_believed_worlds_say(effect_pct: float, kind: type, status: GuardrailStatus) -> None:
    evidence = worlds_evidence(REGION, EFFECTS, stress_pct={"half follow": effect_pct})
    judgement = judge(evidence, worlds_policy(REGION, ("half follow",)))
    assert judgement.stress_worlds[0].status is status
    assert isinstance(judgement.verdict, kind)
    if not isinstance(judgement.verdict, Promote):
        assert "stress world half follow" in judgement.verdict.reason
    if isinstance(judgement.verdict, Inconclusive):
        assert judgement.verdict.remedy is Remedy.STRESS_WORLD


def test_a_stress_world_stands_beside_a_gate_of_one_world_too() -> None:
    several = worlds_evidence(REGION, (2.0, 2.0), stress_pct={"half follow": -4.0})
    alone = replace(several, answers=several.worlds[0].answers, worlds=())
    assert isinstance(judge(alone, worlds_policy(REGION, ("half follow",))).verdict, Reject)


def test_the_record_of_a_gate_over_worlds_replays_bit_for_bit() -> None:
    record = build_record(EVIDENCE, POLICY, judge(EVIDENCE, POLICY), "0.2.0")
    stored = json.loads(canonical_json(record.document))
    runs = StoredRuns(
        self_check=EVIDENCE.self_check,
        worlds={each.name: each.answers for each in EVIDENCE.worlds},
        stress_worlds={each.name: each.answers for each in EVIDENCE.stress_worlds},
    )
    outcome = replay(stored, runs)
    assert outcome.differences == ()
    assert content_digest(stored) == record.id
    assert read_verdict(stored).judgement == judge(EVIDENCE, POLICY)
    assert read_verdict(stored).policy == POLICY
    lost = replay(stored, replace(runs, worlds={**runs.worlds, "w3": {}}))
    assert "day_result_digests.world w3: candidate/ml is only in the record" in lost.differences


def test_weights_settings_and_margins_are_part_of_the_address() -> None:
    first = EVIDENCE.worlds[0]
    heavier = replace(EVIDENCE, worlds=(replace(first, world=replace(first.world, weight=1.5)), *EVIDENCE.worlds[1:]))
    elsewhere = replace(first.world, settings={"follower_share": 0.9})
    moved = replace(EVIDENCE, worlds=(replace(first, world=elsewhere), *EVIDENCE.worlds[1:]))
    stricter = replace(POLICY, stress_worlds=tuple(replace(world, margin_pct=0.4) for world in POLICY.stress_worlds))
    ids = {
        build_record(evidence, policy, judge(evidence, policy), "0.2.0").id
        for evidence, policy in ((EVIDENCE, POLICY), (heavier, POLICY), (moved, POLICY), (EVIDENCE, stricter))
    }
    assert len(ids) == 4


def with_world(evidence: GateEvidence, named: str = "w0", **changes: object) -> GateEvidence:
    first = evidence.worlds[0]
    return replace(evidence, worlds=(replace(first, name=named, world=replace(first.world, **changes)), *evidence.worlds[1:]))


def sharing(evidence: GateEvidence, **changes: object) -> GateEvidence:
    """The same, with the first world on other days or seeds."""
    return replace(evidence, worlds=(replace(evidence.worlds[0], **changes), *evidence.worlds[1:]))


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (replace(EVIDENCE, worlds=EVIDENCE.worlds[:1]), "w0 is the only world"),
        (with_world(EVIDENCE, weight=0.0), "w0 has the weight 0.0"),
        (with_world(EVIDENCE, weight=-1.0), "w0 has the weight -1.0"),
        (with_world(EVIDENCE, weight=float("nan")), "w0 has the weight nan"),
        (with_world(EVIDENCE, named="w1"), "2 worlds are named w1"),
        (with_world(EVIDENCE, settings=EVIDENCE.worlds[1].world.settings), "w0 has the settings of another world"),
        (with_world(EVIDENCE, settings=EVIDENCE.stress_worlds[0].settings), "half follow is the same as world w0"),
        (replace(EVIDENCE, answers=EVIDENCE.worlds[0].answers), "there are runs outside the worlds"),
        (replace(EVIDENCE, stress_worlds=EVIDENCE.stress_worlds[:1]), "most follow was not played"),
        (
            replace(EVIDENCE, stress_worlds=(*EVIDENCE.stress_worlds, replace(EVIDENCE.stress_worlds[0], name="all follow"))),
            "all follow was played and is not in the policy",
        ),
        (sharing(EVIDENCE, days=EVIDENCE.days[1:]), "some test days are played in 5 worlds and some in 6"),
        (sharing(EVIDENCE, days=EVIDENCE.days[:1]), "w0 must be played on 2 different days or more"),
        (sharing(EVIDENCE, days=(date(2001, 1, 1), *EVIDENCE.days[1:])), "w0 is played on 2001-01-01, which is no test day"),
        (sharing(EVIDENCE, seeds=EVIDENCE.seeds[:2]), "w1 has 4 seeds and w0 2"),
        (
            replace(EVIDENCE, stress_worlds=(replace(EVIDENCE.stress_worlds[0], settings={}), EVIDENCE.stress_worlds[1])),
            "half follow was played with other settings",
        ),
    ],
)
def test_an_unsound_set_of_worlds_makes_the_run_invalid(evidence: GateEvidence, words: str) -> None:
    verdict = judge(evidence, POLICY).verdict
    assert isinstance(verdict, Invalid)
    assert words in verdict.reason


def test_a_world_that_lacks_a_pattern_or_a_row_is_named() -> None:
    third = EVIDENCE.worlds[2]
    ml = (Arm.CANDIDATE, Forecast.ML)
    without = {pattern: answer for pattern, answer in third.answers.items() if pattern != ml}
    short = {**third.answers, ml: replace(third.answers[ml], days=third.answers[ml].days[1:])}
    for answers, words in ((without, "missing: world w2: candidate/ml"), (short, "world w2: candidate/ml lacks")):
        worlds = (*EVIDENCE.worlds[:2], replace(third, answers=answers), *EVIDENCE.worlds[3:])
        verdict = judge(replace(EVIDENCE, worlds=worlds), POLICY).verdict
        assert isinstance(verdict, Invalid)
        assert words in verdict.reason


def test_arms_that_met_different_customers_in_one_world_are_found() -> None:
    stressed = EVIDENCE.stress_worlds[1]
    ml = (Arm.CANDIDATE, Forecast.ML)
    first, *rest = stressed.answers[ml].days
    answers = {**stressed.answers, ml: replace(stressed.answers[ml], days=(replace(first, order_log_digest="sha256:0"), *rest))}
    verdict = judge(
        replace(EVIDENCE, stress_worlds=(EVIDENCE.stress_worlds[0], replace(stressed, answers=answers))), POLICY
    ).verdict
    assert isinstance(verdict, Invalid)
    assert "stress world most follow" in verdict.reason
    assert "met different customers" in verdict.reason


def test_worlds_may_have_different_customers_from_each_other() -> None:
    """Demand is one of the unknowns, so only the arms of one world must meet the same customers."""
    first = EVIDENCE.worlds[0]
    answers = {
        pattern: replace(
            answer, days=tuple(replace(row, order_log_digest="sha256:" + row.order_log_digest[::-1]) for row in answer.days)
        )
        for pattern, answer in first.answers.items()
    }
    again = EVIDENCE.self_check
    assert again is not None
    check = replace(
        again, days=tuple(replace(row, order_log_digest="sha256:" + row.order_log_digest[::-1]) for row in again.days)
    )
    evidence = replace(EVIDENCE, worlds=(replace(first, answers=answers), *EVIDENCE.worlds[1:]), self_check=check)
    assert isinstance(judge(evidence, POLICY).verdict, Promote)


def without_metric(evidence: GateEvidence, stress_world: int, rows: slice) -> GateEvidence:
    """The same, with a guarded metric absent from some rows of both arms of a stress world."""
    runs = evidence.stress_worlds[stress_world]
    answers = {}
    for pattern, answer in runs.answers.items():
        bare = [replace(row, metrics={"revenue_minor": row.revenue_minor}) for row in answer.days[rows]]
        kept = {(row.day, row.seed): row for row in (*answer.days, *bare)}
        answers[pattern] = replace(answer, days=tuple(kept.values()))
    others = list(evidence.stress_worlds)
    others[stress_world] = replace(runs, answers=answers)
    return replace(evidence, stress_worlds=tuple(others))


def test_a_metric_that_a_stress_world_never_has_is_not_guarded_there() -> None:
    assert isinstance(judge(without_metric(EVIDENCE, 1, slice(None)), POLICY).verdict, Promote)


def test_a_metric_that_a_stress_world_has_on_some_days_only_makes_the_run_invalid() -> None:
    verdict = judge(without_metric(EVIDENCE, 1, slice(3)), POLICY).verdict
    assert isinstance(verdict, Invalid)
    assert "stress world most follow: production/ml" in verdict.reason
    assert "guarded_0 = None" in verdict.reason


def test_guardrails_and_zones_are_means_over_worlds() -> None:
    judgement = judge(EVIDENCE, POLICY)
    changes = []
    for runs in EVIDENCE.worlds:
        before, after = (
            np.array([row.metrics["guarded_0"] for row in runs.answers[arm, Forecast.ML].days]).reshape(14, 4)
            for arm in (Arm.PRODUCTION, Arm.CANDIDATE)
        )
        changes.append(float(paired_days_pct(before, after).mean()))
    assert judgement.guardrails[0].estimate == pytest.approx(statistics.fmean(changes))
    assert judgement.worst_zone is not None
    zone = judgement.worst_zone.zone
    taken = {
        arm: statistics.fmean(
            row.zone_revenue_minor[zone] for runs in EVIDENCE.worlds for row in runs.answers[arm, Forecast.ML].days
        )
        for arm in Arm
    }
    expected = 100 * (taken[Arm.CANDIDATE] / taken[Arm.PRODUCTION] - 1)
    assert judgement.worst_zone.estimate_pct == pytest.approx(expected)


def test_a_verdict_over_eight_worlds_and_a_hundred_zones_takes_a_moment() -> None:
    region = SyntheticRegion(seeds=1, effect_ml_pct=2.0, guardrails=7)
    evidence = worlds_evidence(region, (2.0,) * 8, stress_pct={"half follow": 2.0, "most follow": 2.0}, zones=100)
    policy = worlds_policy(region, ("half follow", "most follow"), worst_zone_margin_pct=8.0)
    judge(evidence, policy)
    spent_s = []
    for _ in range(3):
        begun_s = time.process_time()
        judge(evidence, policy)
        spent_s.append(time.process_time() - begun_s)
    assert min(spent_s) <= 0.3
