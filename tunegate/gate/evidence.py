"""What the gate is shown: day results of four patterns, and what they claim to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tunegate.domain.canonical import JSON_KEY
from tunegate.domain.days import Arm, DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.provenance import ConfigProvenance

Pattern = tuple[Arm, Forecast]
PATTERNS: tuple[Pattern, ...] = tuple((arm, forecast) for forecast in Forecast for arm in Arm)
"""The four patterns: production and candidate, each with both demand forecasts."""


@dataclass(frozen=True, slots=True)
class GateEvidence:
    """Everything one verdict rests on.

    `days` and `seeds` are what was asked for: each answer must hold every combination once. `answers` may lack a pattern (that
    is Invalid, not an error). `self_check` is production with its forecast simulated a second time on some of the days and
    seeds. `judged_on` comes from the clock; `newest_data_day` is the newest operating day the region's data cover, and where
    it is given the age of the test period is counted from it instead of from `judged_on`. `alpha_spent` is the one-sided level
    that the ledger left for this use of the test period; where it left none, `refusal` says why, and nothing was simulated.
    `configuration` is None in records of older versions.
    """

    region: str
    campaign: str
    test: Period
    days: tuple[date, ...]
    seeds: tuple[int, ...]
    production: Parameters
    candidate: Parameters
    live_production_digest: str
    judged_on: date
    newest_data_day: date | None
    alpha_spent: float
    refusal: str | None = None
    configuration: ConfigProvenance | None = None
    answers: Mapping[Pattern, SimulationAnswer] = field(default_factory=dict, metadata={JSON_KEY: None})
    self_check: SimulationAnswer | None = field(default=None, metadata={JSON_KEY: None})

    def parameters_of(self, arm: Arm) -> Parameters:
        """What this arm was to be simulated with."""
        return self.production if arm is Arm.PRODUCTION else self.candidate

    @property
    def cells(self) -> frozenset[tuple[date, int]]:
        """Every day and seed that each answer must hold once."""
        return frozenset((day, seed) for day in self.days for seed in self.seeds)


def pattern_name(pattern: Pattern) -> str:
    """`candidate/ml`, as reasons and details name it."""
    arm, forecast = pattern
    return f"{arm.value}/{forecast.value}"


def rows_by_cell(answer: SimulationAnswer) -> dict[tuple[date, int], DayResult]:
    """Day results by day and seed; of duplicates (which a check finds) the last."""
    return {(row.day, row.seed): row for row in answer.days}


def same_result(one: DayResult, other: DayResult) -> bool:
    """Whether two day results agree in every figure, a NaN with a NaN too (they compare unequal in Python)."""
    if (one.day, one.seed, one.forecast, one.drivers, one.order_log_digest) != (
        other.day,
        other.seed,
        other.forecast,
        other.drivers,
        other.order_log_digest,
    ):
        return False
    if one.zone_revenue_minor != other.zone_revenue_minor or one.metrics.keys() != other.metrics.keys():
        return False
    return all(
        value == other.metrics[name] or (math.isnan(value) and math.isnan(other.metrics[name]))
        for name, value in one.metrics.items()
    )
