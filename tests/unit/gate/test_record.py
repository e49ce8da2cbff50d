from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.domain.canonical import canonical_json, content_digest
from tunegate.domain.days import Arm, Forecast, SimulationAnswer
from tunegate.domain.parameters import Direction
from tunegate.domain.plain_json import from_plain, plain
from tunegate.domain.verdicts import Invalid
from tunegate.gate.documents import answer_to_document, claims_to_document
from tunegate.gate.evidence import PATTERNS, GateEvidence, Pattern
from tunegate.gate.judge import judge
from tunegate.gate.policy import GatePolicy, GuardrailKind, GuardrailPolicy
from tunegate.gate.record import StoredRuns, VerdictRecord, build_record, replay
from tunegate.gate.verdict_document import UnreadableRecord

REGION = SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=2.0, guardrails=2, guardrail_margin_errors=8.0)
EVIDENCE = synthetic_evidence(REGION, zones=12)
POLICY = synthetic_policy(REGION, worst_zone_margin_pct=5.0)


def record_of(evidence: GateEvidence, policy: GatePolicy = POLICY) -> VerdictRecord:
    return build_record(evidence, policy, judge(evidence, policy), "0.1.0+abc")


def stored(evidence: GateEvidence) -> GateEvidence:
    """Through JSON text and back, as a store keeps it."""
    answers = {pattern: stored_answer(answer) for pattern, answer in evidence.answers.items()}
    self_check = None if evidence.self_check is None else stored_answer(evidence.self_check)
    claims = from_plain(GateEvidence, json.loads(canonical_json(claims_to_document(evidence))))
    return replace(claims, answers=answers, self_check=self_check)


def stored_answer(answer: SimulationAnswer) -> SimulationAnswer:
    return from_plain(SimulationAnswer, json.loads(canonical_json(answer_to_document(answer))) | {"compute_s": 0.0})


def broken(evidence: GateEvidence, revenue: float) -> GateEvidence:
    pattern = (Arm.CANDIDATE, Forecast.ML)
    answer = evidence.answers[pattern]
    row = replace(answer.days[0], metrics={**answer.days[0].metrics, "revenue_minor": revenue})
    return replace(evidence, answers={**evidence.answers, pattern: replace(answer, days=(row, *answer.days[1:]))})


@pytest.mark.parametrize(
    "region",
    [
        REGION,
        SyntheticRegion(),
        SyntheticRegion(effect_ml_pct=-2.0),
        SyntheticRegion(days=3),
        SyntheticRegion(seeds=1),
        SyntheticRegion(days=33, seeds=1),
    ],
    ids=["promote", "null", "reject", "too few days", "one seed", "drawn sign flips"],
)
def test_a_stored_verdict_replays_bit_for_bit(region: SyntheticRegion) -> None:
    evidence, policy = synthetic_evidence(region, zones=12), synthetic_policy(region, worst_zone_margin_pct=5.0)
    record = record_of(evidence, policy)
    document = json.loads(canonical_json(record.document))
    kept = stored(evidence)
    outcome = replay(document, StoredRuns(kept.answers, kept.self_check))
    assert outcome.differences == ()
    assert outcome.agrees
    assert outcome.judgement == judge(evidence, policy)
    assert content_digest(document) == record.id


@pytest.mark.parametrize(
    "evidence", [replace(EVIDENCE, answers={}, self_check=None), broken(EVIDENCE, float("nan")), broken(EVIDENCE, -1.0)]
)
def test_an_invalid_verdict_replays_too(evidence: GateEvidence) -> None:
    record = record_of(evidence)
    assert record.document["judgement"]["verdict"]["kind"] == "invalid"
    kept = stored(evidence)
    assert replay(json.loads(canonical_json(record.document)), StoredRuns(kept.answers, kept.self_check)).agrees


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(PATTERNS),
    st.integers(0, 55),
    st.sampled_from(["revenue_minor", "guarded_1"]),
    st.sampled_from([1e-9, 0.01, 1e5]),
)
def test_one_changed_number_anywhere_is_noticed_and_placed(pattern: Pattern, index: int, metric: str, by: float) -> None:
    record = record_of(EVIDENCE)
    answer = EVIDENCE.answers[pattern]
    rows = list(answer.days)
    changed = rows[index].metrics[metric] * (1.0 + by)
    rows[index] = replace(rows[index], metrics={**rows[index].metrics, metric: changed})
    answers = {**EVIDENCE.answers, pattern: replace(answer, days=tuple(rows))}
    outcome = replay(record.document, StoredRuns(answers, EVIDENCE.self_check))
    assert not outcome.agrees
    assert any(f"day_result_digests.{pattern[0].value}/{pattern[1].value}" in difference for difference in outcome.differences)


def test_a_changed_zone_and_a_changed_order_log_are_noticed() -> None:
    record = record_of(EVIDENCE)
    pattern = (Arm.PRODUCTION, Forecast.STATISTICS)
    answer = EVIDENCE.answers[pattern]
    first = answer.days[0]
    for row in (
        replace(first, zone_revenue_minor={**first.zone_revenue_minor, "zone-000": 1}),
        replace(first, order_log_digest="sha256:" + "0" * 64),
        replace(first, drivers=first.drivers + 1),
    ):
        answers = {**EVIDENCE.answers, pattern: replace(answer, days=(row, *answer.days[1:]))}
        assert not replay(record.document, StoredRuns(answers, EVIDENCE.self_check)).agrees


def test_a_record_changed_by_hand_disagrees_with_its_replay_and_with_its_address() -> None:
    record = record_of(EVIDENCE)
    forged = json.loads(canonical_json(record.document))
    forged["judgement"]["delta_ml"]["low_pct"] += 0.1
    outcome = replay(forged, StoredRuns(EVIDENCE.answers, EVIDENCE.self_check))
    assert [difference.split(" ")[0] for difference in outcome.differences] == ["judgement.delta_ml.low_pct"]
    assert content_digest(forged) != record.id


def test_a_record_of_a_rule_that_is_not_known_is_refused() -> None:
    forged = {**record_of(EVIDENCE).document, "rule_version": "0"}
    with pytest.raises(UnreadableRecord, match="the rule version must be one of 1, 2, but got 0"):
        replay(forged, StoredRuns(EVIDENCE.answers, EVIDENCE.self_check))


def test_a_record_that_names_another_version_of_the_rule_than_made_it_does_not_replay() -> None:
    forged = {**record_of(EVIDENCE).document, "rule_version": "1"}
    outcome = replay(forged, StoredRuns(EVIDENCE.answers, EVIDENCE.self_check))
    assert any(difference.startswith("judgement.plain_words") for difference in outcome.differences)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnreadableRecord, match="format == 1"):
        replay({"format": 2}, StoredRuns())


def test_computing_time_is_no_evidence() -> None:
    slower = {pattern: replace(answer, compute_s=9.0) for pattern, answer in EVIDENCE.answers.items()}
    assert record_of(replace(EVIDENCE, answers=slower)).id == record_of(EVIDENCE).id


def test_every_claim_changes_the_address() -> None:
    other = (
        replace(EVIDENCE, region="elsewhere"),
        replace(EVIDENCE, campaign="another"),
        replace(EVIDENCE, judged_on=EVIDENCE.judged_on + timedelta(days=1)),
        replace(EVIDENCE, newest_data_day=None),
        replace(EVIDENCE, alpha_spent=0.04),
        replace(EVIDENCE, live_production_digest="sha256:" + "0" * 64),
        replace(EVIDENCE, self_check=None),
    )
    ids = {record_of(evidence).id for evidence in (EVIDENCE, *other)}
    assert len(ids) == len(other) + 1
    assert build_record(EVIDENCE, POLICY, judge(EVIDENCE, POLICY), "0.2.0").id not in ids
    assert record_of(EVIDENCE, replace(POLICY, minimum_effect_pct=0.4)).id not in ids


def test_evidence_and_policy_come_back_equal() -> None:
    def without_time(answer: SimulationAnswer | None) -> SimulationAnswer | None:
        return None if answer is None else replace(answer, compute_s=0.0)

    again = stored(EVIDENCE)
    assert again == replace(
        EVIDENCE,
        answers={pattern: replace(answer, compute_s=0.0) for pattern, answer in EVIDENCE.answers.items()},
        self_check=without_time(EVIDENCE.self_check),
    )
    assert from_plain(GatePolicy, json.loads(canonical_json(plain(POLICY)))) == POLICY


def test_rows_come_back_with_their_own_drivers_forecasts_and_order_logs() -> None:
    pattern = (Arm.CANDIDATE, Forecast.STATISTICS)
    answer = EVIDENCE.answers[pattern]
    odd = replace(answer.days[3], drivers=77, order_log_digest="sha256:" + "7" * 64, forecast=Forecast.ML)
    rows = (*answer.days[:3], odd, *answer.days[4:])
    again = stored(replace(EVIDENCE, answers={**EVIDENCE.answers, pattern: replace(answer, days=rows)}))
    assert again.answers[pattern].days == rows


def test_numbers_that_json_does_not_know_survive() -> None:
    for value in (float("nan"), float("inf"), float("-inf")):
        again = stored(broken(EVIDENCE, value)).answers[Arm.CANDIDATE, Forecast.ML].days[0].revenue_minor
        assert repr(again) == repr(value)
    assert isinstance(judge(stored(broken(EVIDENCE, float("nan"))), POLICY).verdict, Invalid)


def test_whole_numbers_and_floats_of_the_same_value_are_the_same_evidence() -> None:
    assert record_of(broken(EVIDENCE, 10_000_000)).id == record_of(broken(EVIDENCE, 10_000_000.0)).id


def test_a_policy_with_every_kind_of_guardrail_comes_back_equal() -> None:
    guardrails = tuple(GuardrailPolicy(kind.value, Direction.LOWER, 0.5, kind) for kind in GuardrailKind)
    policy = replace(POLICY, guardrails=guardrails, worst_zone_margin_pct=None)
    assert from_plain(GatePolicy, json.loads(canonical_json(plain(policy)))) == policy
