"""The document of a verdict record: `VerdictDocument`, with `read_verdict` as its one parser and `as_json` as its one writer.

It holds the claims of the evidence, the policy, the digests of the day results and the whole judgement. The day results
themselves stay in the results store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.plain_json import Document, from_plain, plain
from tunegate.gate.documents import claims_to_document, judgement_to_document, policy_to_document
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judgement import Judgement
from tunegate.gate.policy import GatePolicy

RECORD_FORMAT = 1
T = TypeVar("T")


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
            **plain(self),
            "evidence": claims_to_document(self.evidence),
            "policy": policy_to_document(self.policy),
            "judgement": judgement_to_document(self.judgement, self.rule_version),
        }


def read_verdict(stored: Mapping[str, Any]) -> VerdictDocument:
    """The document of a stored record. Raises UnreadableRecord."""
    return read_record(VerdictDocument, stored, RECORD_FORMAT, "verdict record")


def read_record(kind: type[T], stored: Mapping[str, Any], known: int, what: str) -> T:
    """The content of a stored record of a known format. Raises UnreadableRecord."""
    content = dict(stored)
    found = content.pop("format", None)
    if found != known:
        raise UnreadableRecord.because(f"`format == {known}` must hold", str(found), what)
    try:
        return from_plain(kind, content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableRecord.because("every field must be one that tunegate writes", repr(error), what) from error
