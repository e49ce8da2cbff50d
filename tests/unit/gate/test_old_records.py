"""Records that tunegate 0.1.0 wrote stay readable, and replay bit for bit under the rule they were made with."""

from __future__ import annotations

import json
from pathlib import Path

from tunegate.domain.canonical import canonical_json, content_digest
from tunegate.gate.documents import evidence_from_document
from tunegate.gate.record import replay

STORED = json.loads((Path(__file__).parent / "data" / "verdict_0_1_0.json").read_text(encoding="utf-8"))


def test_a_record_of_0_1_0_replays_bit_for_bit() -> None:
    evidence = evidence_from_document(STORED["evidence"])
    record = json.loads(STORED["record"])
    outcome = replay(record, evidence.answers, evidence.self_check)
    assert outcome.differences == ()
    assert content_digest(record) == STORED["id"]
    assert canonical_json(record) == STORED["record"]
