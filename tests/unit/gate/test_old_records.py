"""Records that tunegate 0.1.0 wrote stay readable, and replay bit for bit under the rule they were made with."""

from __future__ import annotations

import json
from pathlib import Path

from tunegate.domain.canonical import canonical_json, content_digest
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.plain_json import from_plain
from tunegate.gate.evidence import PATTERNS
from tunegate.gate.record import replay

STORED = json.loads((Path(__file__).parent / "data" / "verdict_0_1_0.json").read_text(encoding="utf-8"))


def stored_answer(pattern: str) -> SimulationAnswer:
    return from_plain(SimulationAnswer, {**STORED["evidence"]["answers"][pattern], "compute_s": 0.0})


def test_a_record_of_0_1_0_replays_bit_for_bit() -> None:
    record = json.loads(STORED["record"])
    answers = {pattern: stored_answer("/".join(pattern)) for pattern in PATTERNS}
    outcome = replay(record, answers, from_plain(SimulationAnswer, {**STORED["evidence"]["self_check"], "compute_s": 0.0}))
    assert outcome.differences == ()
    assert content_digest(record) == STORED["id"]
    assert canonical_json(record) == STORED["record"]
