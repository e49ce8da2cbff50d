"""The record of a verdict: one immutable document, addressed by its content, from which the verdict can be computed again.

The document holds the claims of the evidence, the policy, the digests of the day results and the whole judgement. The day
results themselves stay in the results store; a replay takes them from there and says bit for bit whether the same verdict comes
out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.verdicts import Verdict
from tunegate.gate.documents import (
    Document,
    answer_to_document,
    claims_to_document,
    evidence_with,
    plain,
    policy_from_document,
)
from tunegate.gate.evidence import GateEvidence, Pattern, pattern_name
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement
from tunegate.gate.policy import GatePolicy
from tunegate.gate.rule import RULE_VERSION

RECORD_FORMAT = 1


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A verdict document and its address, `sha256:` of its canonical JSON: what a person approves."""

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
    document: Document = {
        "format": RECORD_FORMAT,
        "rule_version": RULE_VERSION,
        "code_version": code_version,
        "evidence": claims_to_document(evidence),
        "parameter_digests": {"production": evidence.production.digest, "candidate": evidence.candidate.digest},
        "day_result_digests": _digests(evidence.answers, evidence.self_check),
        "policy": plain(policy),
        "judgement": judgement_to_document(judgement),
    }
    return VerdictRecord(content_digest(document), document)


def judgement_to_document(judgement: Judgement) -> Document:
    """The judgement with the kind of its verdict by name."""
    document: Document = plain(judgement)
    return {**document, "verdict": verdict_to_document(judgement.verdict)}


def verdict_to_document(verdict: Verdict) -> Document:
    """`kind` (promote, reject, inconclusive, invalid), reason, and the remedy where there is one."""
    fields: Document = plain(verdict)
    return {"kind": type(verdict).__name__.lower(), **fields}


def replay(
    document: Mapping[str, Any], answers: Mapping[Pattern, SimulationAnswer], self_check: SimulationAnswer | None
) -> ReplayOutcome:
    """Compute a recorded verdict again from the stored day results. Raises ValueError for a document of another format."""
    if document.get("format") != RECORD_FORMAT:
        raise ValueError(f"`format == {RECORD_FORMAT}` must hold for a verdict record, but got {document.get('format')}")
    evidence = evidence_with(document["evidence"], answers, self_check)
    policy = policy_from_document(document["policy"])
    judgement = judge(evidence, policy)
    again = build_record(evidence, policy, judgement, document["code_version"])
    differences = tuple(_differences("", document, again.document))
    return ReplayOutcome(not differences, differences, judgement)


def _digests(answers: Mapping[Pattern, SimulationAnswer], self_check: SimulationAnswer | None) -> Document:
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
