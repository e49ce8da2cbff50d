"""Building the record of a verdict, and replaying one.

A record is immutable and addressed by its content. A replay takes the day results from the results store, computes the verdict
again, and says whether the same document comes out, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.plain_json import Document
from tunegate.gate.documents import answer_to_document
from tunegate.gate.evidence import GateEvidence, Pattern, pattern_name
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement
from tunegate.gate.policy import GatePolicy
from tunegate.gate.verdict_document import ArmDigests, UnreadableRecord, VerdictDocument, read_verdict
from tunegate.gate.versions import CURRENT_RULE, RULES, RuleVersion

Answers = Mapping[Pattern, SimulationAnswer]


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


def build_record(
    evidence: GateEvidence,
    policy: GatePolicy,
    judgement: Judgement,
    code_version: str,
    rule: RuleVersion = CURRENT_RULE,
) -> VerdictRecord:
    """The record of this judgement. `code_version` is the version of the code, with its commit where that is known."""
    document = VerdictDocument(
        rule_version=rule.name,
        code_version=code_version,
        evidence=evidence,
        parameter_digests=ArmDigests(evidence.production.digest, evidence.candidate.digest),
        day_result_digests=_digests(evidence),
        policy=policy,
        judgement=judgement,
    ).as_json()
    return VerdictRecord(content_digest(document), document)


@dataclass(frozen=True, slots=True)
class StoredRuns:
    """What the results store holds of a gate: `answers` of one that played one world, `worlds` and `stress_worlds` by name."""

    answers: Answers = field(default_factory=dict)
    self_check: SimulationAnswer | None = None
    worlds: Mapping[str, Answers] = field(default_factory=dict)
    stress_worlds: Mapping[str, Answers] = field(default_factory=dict)


def replay(stored: Mapping[str, Any], runs: StoredRuns) -> ReplayOutcome:
    """Compute a recorded verdict again from the stored day results, under its own rule version. Raises UnreadableRecord."""
    document = read_verdict(stored)
    rule = RULES.get(document.rule_version)
    if rule is None:
        known = ", ".join(RULES)
        raise UnreadableRecord.because(f"the rule version must be one of {known}", document.rule_version, "verdict record")
    evidence = _with_runs(document.evidence, runs)
    judgement = judge(evidence, document.policy, rule)
    again = build_record(evidence, document.policy, judgement, document.code_version, rule)
    differences = tuple(_differences("", stored, again.document))
    return ReplayOutcome(not differences, differences, judgement)


def _with_runs(claims: GateEvidence, runs: StoredRuns) -> GateEvidence:
    """The evidence of a record with its answers; those that are gone stay away, which the checks report."""
    return replace(
        claims,
        answers=runs.answers,
        self_check=runs.self_check,
        worlds=tuple(replace(each, answers=runs.worlds.get(each.name, {})) for each in claims.worlds),
        stress_worlds=tuple(replace(each, answers=runs.stress_worlds.get(each.name, {})) for each in claims.stress_worlds),
    )


def _digests(evidence: GateEvidence) -> Mapping[str, str]:
    """One digest for each pattern's answer in each world, so that a replay can say whose results changed."""
    digests = {
        f"{group.name}: {pattern_name(pattern)}" if group.name else pattern_name(pattern): content_digest(
            answer_to_document(answer)
        )
        for group in evidence.groups
        for pattern, answer in group.answers.items()
    }
    again = evidence.self_check
    return digests if again is None else {**digests, "self-check": content_digest(answer_to_document(again))}


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
