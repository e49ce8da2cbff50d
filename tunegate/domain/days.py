"""What one simulated operating day gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


class Forecast(StrEnum):
    """Which demand forecast the recommender plans with."""

    ML = "ml"
    STATISTICS = "statistics"


class Arm(StrEnum):
    """The two sides of a comparison."""

    PRODUCTION = "production"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class DayResult:
    """One operating day, simulated with one seed.

    `metrics` maps the names of the simulator's `describe` to numbers in its units; `revenue_minor` (minor currency units,
    fleet total) is always there. `zone_revenue_minor` splits revenue by pickup zone. `order_log_digest` covers the customers
    of the day (where, when, patience, destination, fare): equal digests mean both arms met the same customers.
    """

    day: date
    seed: int
    forecast: Forecast
    metrics: Mapping[str, float]
    zone_revenue_minor: Mapping[str, int]
    drivers: int
    order_log_digest: str

    @property
    def revenue_minor(self) -> float:
        """Fleet revenue of the day in minor currency units."""
        return self.metrics["revenue_minor"]


@dataclass(frozen=True, slots=True)
class SimulationAnswer:
    """All day results of one request, and what the simulator says it ran with."""

    days: tuple[DayResult, ...]
    applied_parameters: Mapping[str, float]
    trained_last_day: date
    city_digest: str
    simulator_version: str
    compute_s: float


def merged(answers: Sequence[SimulationAnswer]) -> SimulationAnswer:
    """The answers of several worlds as one: all day results by day, then seed. Every world has a seed of its own.

    Raises ValueError when two answers hold the same day and seed, or are not of one simulator, city and set of parameters.
    """
    first = answers[0]
    days = tuple(sorted((day for answer in answers for day in answer.days), key=lambda day: (day.day, day.seed)))
    if len({(day.day, day.seed) for day in days}) < len(days):
        raise ValueError("answers of several worlds must not share a day and a seed")
    for answer in answers[1:]:
        if replace(answer, days=first.days, compute_s=first.compute_s) != first:
            raise ValueError("answers of several worlds must be of one simulator, one city and one set of parameters")
    return replace(first, days=days, compute_s=sum(answer.compute_s for answer in answers))
