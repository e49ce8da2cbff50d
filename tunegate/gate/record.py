"""Building the record of a verdict, and replaying one.

A record is immutable and addressed by its content. A replay takes the day results from the results store, computes the verdict
again, and says whether the same document comes out, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.plain_json import Document
from tunegate.gate.documents import answer_to_document
from tunegate.gate.evidence import GateEvidence, Pattern, pattern_name
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement
from tunegate.gate.policy import GatePolicy
from tunegate.gate.rule import RULE_VERSION
from tunegate.gate.verdict_document import ArmDigests, VerdictDocument, read_verdict


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A verdict document as it is stored, and its address, `sha256:` of its canonical JSON: what a person approves."""

    id: str
    document: Document


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """Whether the same evidence gives the same document; `differences` names each place that does not agree."""

    agrees: bool
    differences: tuple[str, ...]
    judgement: Judgement


def build_record(evidence: GateEvidence, policy: GatePolicy, judgement: Judgement, code_version: str) -> VerdictRecord:
    """The record of this judgement. `code_version` is the version of the code, with its commit where that is known."""
    document = VerdictDocument(
        rule_version=RULE_VERSION,
        code_version=code_version,
        evidence=evidence,
        parameter_digests=ArmDigests(evidence.production.digest, evidence.candidate.digest),
        day_result_digests=_digests(evidence.answers, evidence.self_check),
        policy=policy,
        judgement=judgement,
    ).as_json()
    return VerdictRecord(content_digest(document), document)


def replay(
    stored: Mapping[str, Any], answers: Mapping[Pattern, SimulationAnswer], self_check: SimulationAnswer | None
) -> ReplayOutcome:
    """Compute a recorded verdict again from the stored day results. Raises UnreadableRecord."""
    document = read_verdict(stored)
    evidence = replace(document.evidence, answers=answers, self_check=self_check)
    judgement = judge(evidence, document.policy)
    again = build_record(evidence, document.policy, judgement, document.code_version)
    differences = tuple(_differences("", stored, again.document))
    return ReplayOutcome(not differences, differences, judgement)


def _digests(answers: Mapping[Pattern, SimulationAnswer], self_check: SimulationAnswer | None) -> Mapping[str, str]:
    """One digest for each pattern's answer, so that a replay can say whose results changed."""
    digests = {pattern_name(pattern): content_digest(answer_to_document(answer)) for pattern, answer in answers.items()}
    return digests if self_check is None else {**digests, "self-check": content_digest(answer_to_document(self_check))}


def _differences(place: str, recorded: object, replayed: object) -> Iterator[str]:
    """Each place where two JSON values differ, numbers compared bit for bit."""
    if isinstance(recorded, Mapping) and isinstance(replayed, Mapping):
        for key in sorted({*recorded, *replayed}):
            where = f"{place}.{key}" if place else str(key)
            if key not in recorded or key not in replayed:
                yield f"{where} is only in the {'replay' if key in replayed else 'record'}"
            else:
                yield from _differences(where, recorded[key], replayed[key])
    elif isinstance(recorded, list) and isinstance(replayed, list) and len(recorded) == len(replayed):
        for index, (one, other) in enumerate(zip(recorded, replayed, strict=True)):
            yield from _differences(f"{place}[{index}]", one, other)
    elif type(recorded) is not type(replayed) or recorded != replayed:
        yield f"{place} was {recorded!r} and is {replayed!r}"
