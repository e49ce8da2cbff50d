"""What the gate judges: day results of four patterns, in one world or several, and what they claim to be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from tunegate.domain.canonical import JSON_KEY
from tunegate.domain.days import Arm, DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.provenance import ConfigProvenance
from tunegate.domain.simulation import SettingValue
from tunegate.domain.worlds import World, settings_digest

Pattern = tuple[Arm, Forecast]
PATTERNS: tuple[Pattern, ...] = tuple((arm, forecast) for forecast in Forecast for arm in Arm)
"""The four patterns: production and candidate, each with both demand forecasts."""
STRESS_PATTERNS: tuple[Pattern, ...] = tuple((arm, Forecast.ML) for arm in Arm)
"""What is played in a stress world."""


@dataclass(frozen=True, slots=True)
class WorldRuns:
    """The four patterns in one world, on its share of the gate's days and with seeds of its own.

    `name` is what verdicts and digests call the world.
    """

    name: str
    world: World
    days: tuple[date, ...]
    seeds: tuple[int, ...]
    answers: Mapping[Pattern, SimulationAnswer] = field(default_factory=dict, metadata={JSON_KEY: None})


@dataclass(frozen=True, slots=True)
class StressRuns:
    """Both arms with the ml forecast in one stress world, on every day of the gate and with seeds of its own."""

    name: str
    settings: Mapping[str, SettingValue]
    seeds: tuple[int, ...]
    answers: Mapping[Pattern, SimulationAnswer] = field(default_factory=dict, metadata={JSON_KEY: None})

    @property
    def digest(self) -> str:
        """SHA-256 of the settings."""
        return settings_digest(self.settings)


@dataclass(frozen=True, slots=True)
class RunGroup:
    """The runs of one world, stress worlds included: arms are compared inside a group and never across.

    `name` is empty where the gate plays one world only; `patterns` must all be answered on all `days` and `seeds`. A stress
    world judges revenue alone.
    """

    name: str
    days: tuple[date, ...]
    seeds: tuple[int, ...]
    patterns: tuple[Pattern, ...]
    answers: Mapping[Pattern, SimulationAnswer]
    is_stress: bool = False

    @property
    def prefix(self) -> str:
        """What stands before anything that is said of this group alone."""
        return f"{self.name}: " if self.name else ""


@dataclass(frozen=True, slots=True)
class GateEvidence:
    """Everything one verdict rests on.

    A gate of one world has its runs in `answers`. A gate of several has them in `worlds`, and `answers` is empty; every world
    plays its share of the days, and `seeds` are those of all worlds. `stress_worlds` are played beside either.

    `days` and `seeds` are what was asked for: in a gate of one world each answer must hold every combination once. `answers`
    may lack a pattern (that is Invalid, not an error). `self_check` is production with its forecast simulated a second time on
    some of the days and seeds, in the first world. `judged_on` comes from the clock; `newest_data_day` is the newest operating
    day the region's data cover, and where it is given the age of the test period is counted from it instead of from
    `judged_on`. `alpha_spent` is the one-sided level that the ledger left for this use of the test period; where it left none,
    `refusal` says why and nothing was simulated. `configuration` is None in records of older versions.
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
    worlds: tuple[WorldRuns, ...] = ()
    stress_worlds: tuple[StressRuns, ...] = ()

    @property
    def groups(self) -> tuple[RunGroup, ...]:
        """The runs by world: first those that are believed, then the stress worlds."""
        alone = (RunGroup("", self.days, self.seeds, PATTERNS, self.answers),)
        believed = tuple(RunGroup(f"world {runs.name}", runs.days, runs.seeds, PATTERNS, runs.answers) for runs in self.worlds)
        stress = tuple(
            RunGroup(f"stress world {runs.name}", self.days, runs.seeds, STRESS_PATTERNS, runs.answers, is_stress=True)
            for runs in self.stress_worlds
        )
        return (*(believed or alone), *stress)

    @property
    def worlds_are_weighted(self) -> bool:
        """Whether every world has a weight above 0."""
        return all(math.isfinite(runs.world.weight) and runs.world.weight > 0 for runs in self.worlds)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of the worlds, with sum 1."""
        whole = math.fsum(runs.world.weight for runs in self.worlds)
        return tuple(runs.world.weight / whole for runs in self.worlds)

    def only(self, group: RunGroup) -> GateEvidence:
        """The evidence of one group alone, as if it were a gate of one world."""
        return replace(self, days=group.days, seeds=group.seeds, answers=group.answers, worlds=(), stress_worlds=())

    def parameters_of(self, arm: Arm) -> Parameters:
        """What this arm was to be simulated with."""
        return self.production if arm is Arm.PRODUCTION else self.candidate

    def answered_by_both_arms(self) -> Iterator[tuple[Forecast, SimulationAnswer, SimulationAnswer]]:
        """Each forecast under which both arms answered, with production's answer and the candidate's."""
        for forecast in Forecast:
            production, candidate = self.answers.get((Arm.PRODUCTION, forecast)), self.answers.get((Arm.CANDIDATE, forecast))
            if production is not None and candidate is not None:
                yield forecast, production, candidate

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
