"""What a check of a simulator against the contract found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tunegate.domain.canonical import JSON_KEY
from tunegate.domain.plain_json import plain


class RuleOutcome(StrEnum):
    """How a simulator did on one rule. `measured` is a figure that no rule judges."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    MEASURED = "measured"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule of the contract and what was seen. `remedy` says how to mend it, and is empty unless it failed."""

    rule: str
    requirement: str
    outcome: RuleOutcome
    seen: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """Every finding on one simulator and city, in the order in which the rules were checked."""

    command: tuple[str, ...]
    city: str | None
    simulator: str | None
    findings: tuple[Finding, ...] = field(metadata={JSON_KEY: "rules"})

    @property
    def conforms(self) -> bool:
        """Whether no rule failed."""
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the rules that failed."""
        return tuple(each.rule for each in self.findings if each.outcome is RuleOutcome.FAILED)

    def as_document(self) -> dict[str, object]:
        """The report for programs."""
        return {**plain(self), "conforms": self.conforms}
