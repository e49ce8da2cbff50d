"""The document of a verdict record: `VerdictDocument`, with `read_verdict` as its one parser and `as_json` as its one writer.

It holds the claims of the evidence, the policy, the digests of the day results and the whole judgement. The day results
themselves stay in the results store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunegate.domain.errors import BadInput, Fault
from tunegate.gate.documents import Document, claims_to_document, evidence_with, plain, policy_from_document
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judgement import Judgement
from tunegate.gate.judgement_document import judgement_from_document, judgement_to_document
from tunegate.gate.policy import GatePolicy

RECORD_FORMAT = 1


class UnreadableRecord(BadInput):
    """A stored record is not one that this version reads."""

    @classmethod
    def because(cls, rule: str, found: str, what: str) -> UnreadableRecord:
        """The error for one kind of record."""
        return cls(Fault(rule, found, what, "Read it with the tunegate that wrote it; --json prints it as it is."))


@dataclass(frozen=True, slots=True)
class ArmDigests:
    """The digests of the parameters of both arms."""

    production: str
    candidate: str


@dataclass(frozen=True, slots=True)
class VerdictDocument:
    """The content of a verdict record.

    `evidence` has no answers: the results store keeps them, and `day_result_digests` pins each of them by its pattern.
    """

    rule_version: str
    code_version: str
    evidence: GateEvidence
    parameter_digests: ArmDigests
    day_result_digests: Mapping[str, str]
    policy: GatePolicy
    judgement: Judgement

    def as_json(self) -> Document:
        """The stored form. Equal documents have equal bytes, and therefore one address."""
        return {
            "format": RECORD_FORMAT,
            "rule_version": self.rule_version,
            "code_version": self.code_version,
            "evidence": claims_to_document(self.evidence),
            "parameter_digests": plain(self.parameter_digests),
            "day_result_digests": dict(self.day_result_digests),
            "policy": plain(self.policy),
            "judgement": judgement_to_document(self.judgement),
        }


def read_verdict(stored: Mapping[str, Any]) -> VerdictDocument:
    """The document of a stored record. Raises UnreadableRecord."""
    check_format(stored, RECORD_FORMAT, "verdict record")
    try:
        return VerdictDocument(
            rule_version=stored["rule_version"],
            code_version=stored["code_version"],
            evidence=evidence_with(stored["evidence"], {}, None),
            parameter_digests=ArmDigests(**stored["parameter_digests"]),
            day_result_digests=stored["day_result_digests"],
            policy=policy_from_document(stored["policy"]),
            judgement=judgement_from_document(stored["judgement"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableRecord.because("every field must be one that tunegate writes", repr(error), "verdict record") from error


def check_format(stored: Mapping[str, Any], known: int, what: str) -> None:
    """Raise UnreadableRecord for a stored document of another format than the known one."""
    if stored.get("format") != known:
        raise UnreadableRecord.because(f"`format == {known}` must hold", str(stored.get("format")), what)
