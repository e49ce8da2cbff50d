"""Findings of an import: repairs and rejections, counted by kind, each with an example."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of repair or rejection: how often it occurred, and its first occurrence as an example."""

    kind: str
    count: int
    example: str


@dataclass(slots=True)
class FindingLog:
    """Collects findings one occurrence at a time."""

    _found: dict[str, Finding] = field(default_factory=dict)

    def add(self, kind: str, example: str) -> None:
        """Count one occurrence; the first one is the example."""
        known = self._found.get(kind)
        self._found[kind] = Finding(kind, 1, example) if known is None else Finding(kind, known.count + 1, known.example)

    def findings(self) -> tuple[Finding, ...]:
        """The findings in order of first occurrence."""
        return tuple(self._found.values())


def found_where(kind: str, affected: NDArray[np.bool_], label: Callable[[int], str]) -> tuple[Finding, ...]:
    """One finding for the affected rows, none if there are none; `label` describes the row of the example."""
    rows = np.flatnonzero(affected)
    if not len(rows):
        return ()
    return (Finding(kind, len(rows), label(int(rows[0]))),)


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Counts by kind."""
    return {finding.kind: finding.count for finding in findings}


def examples(findings: Iterable[Finding]) -> dict[str, str]:
    """Examples by kind."""
    return {finding.kind: finding.example for finding in findings}
