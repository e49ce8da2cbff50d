"""Records that tunegate 0.1.0 wrote stay readable, and replay bit for bit under version 1 of the rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.synthetic.evidence import synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.domain.canonical import canonical_json, content_digest
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.plain_json import from_plain
from tunegate.gate.evidence import PATTERNS
from tunegate.gate.judge import judge
from tunegate.gate.record import StoredRuns, build_record, replay
from tunegate.gate.verdict_document import read_verdict
from tunegate.gate.versions import RULES

DATA = Path(__file__).parent / "data"
STORED = json.loads((DATA / "verdict_0_1_0.json").read_text(encoding="utf-8"))
RECORD_IDS = json.loads((DATA / "record_ids_0_1_0.json").read_text(encoding="utf-8"))
BETTER = {"effect_ml_pct": 2.0, "effect_statistics_pct": 2.0}
REGIONS = {
    "promote": SyntheticRegion(**BETTER, guardrails=2, guardrail_margin_errors=8.0),
    "null": SyntheticRegion(),
    "reject": SyntheticRegion(effect_ml_pct=-2.0),
    "three days": SyntheticRegion(days=3),
    "one seed": SyntheticRegion(seeds=1),
    "33 days": SyntheticRegion(days=33, seeds=1),
    "harmed": SyntheticRegion(**BETTER, guardrails=3, harmed_guardrails=1),
    "eight days": SyntheticRegion(**BETTER, days=8),
}


def stored_answer(pattern: str) -> SimulationAnswer:
    return from_plain(SimulationAnswer, {**STORED["evidence"]["answers"][pattern], "compute_s": 0.0})


def test_a_record_of_0_1_0_replays_bit_for_bit() -> None:
    record = json.loads(STORED["record"])
    answers = {pattern: stored_answer("/".join(pattern)) for pattern in PATTERNS}
    self_check = from_plain(SimulationAnswer, {**STORED["evidence"]["self_check"], "compute_s": 0.0})
    outcome = replay(record, StoredRuns(answers, self_check))
    assert outcome.differences == ()
    assert content_digest(record) == STORED["id"]


def test_a_record_of_0_1_0_is_parsed_and_written_again_to_the_byte() -> None:
    document = read_verdict(json.loads(STORED["record"]))
    assert document.judgement.worlds == ()
    assert document.judgement.losing_zones == ()
    assert canonical_json(document.as_json()) == STORED["record"]


@pytest.mark.parametrize("name", sorted(RECORD_IDS))
def test_the_same_evidence_under_version_1_gives_the_record_that_0_1_0_gave(name: str) -> None:
    rule, region = RULES["1"], REGIONS[name]
    evidence, policy = synthetic_evidence(region, zones=12), synthetic_policy(region, worst_zone_margin_pct=5.0)
    made = build_record(evidence, policy, judge(evidence, policy, rule), "0.1.0+abc", rule)
    assert made.id == RECORD_IDS[name]
