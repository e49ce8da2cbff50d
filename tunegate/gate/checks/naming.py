"""How a check words what it found."""

from __future__ import annotations

from collections.abc import Sequence

from tunegate.gate.judgement import Check


def outcome(name: str, problems: Sequence[str], good: str, lead: str = "") -> Check:
    """A check that passed when there are no problems; else its detail lists the first few."""
    return Check(name, passed=not problems, detail=f"{lead}{first_of(problems)}" if problems else good)


def first_of(items: Sequence[str], shown: int = 3) -> str:
    """The first items, and how many more there are."""
    rest = f" and {len(items) - shown} more" if len(items) > shown else ""
    return "; ".join(items[:shown]) + rest
