"""A gate's budget, fixed before it runs: optional stopping inflates false promotions."""

from __future__ import annotations

from dataclasses import dataclass

PATTERNS_PER_GATE = 4


@dataclass(frozen=True, slots=True)
class GatePlan:
    """Budget of a gate: test days, seeds per day, and the one-sided level the ledger leaves it."""

    days: int
    seeds: int
    level: float

    @property
    def simulated_days(self) -> int:
        """Days to simulate: four patterns, and one day again for the self-check."""
        return PATTERNS_PER_GATE * self.days * self.seeds + 1
