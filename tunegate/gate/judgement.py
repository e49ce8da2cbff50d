"""What the gate says, with every number behind it. `None` is always "could not be computed", never 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from tunegate.domain.canonical import JSON_KEY
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Interval, Verdict
from tunegate.gate.policy import GuardrailKind


class GuardrailStatus(StrEnum):
    """What a guardrail's interval says of its margin."""

    HELD = "held"
    UNDECIDED = "undecided"
    BROKEN = "broken"
    NOT_COMPUTED = "not computed"


@dataclass(frozen=True, slots=True)
class GuardrailOutcome:
    """One guardrail: change from production to candidate, natural sign, in the unit of `kind`.

    `bound` is the one-sided bound on the bad side; `low` and `high` are the two-sided interval at twice the level. `note` says
    why something could not be computed, or which zone was the worst.
    """

    metric: str
    direction: Direction
    kind: GuardrailKind
    margin: float
    estimate: float | None
    low: float | None
    high: float | None
    status: GuardrailStatus = field(metadata={JSON_KEY: "standing"})
    note: str | None = None

    @property
    def bound(self) -> float | None:
        """The end of the interval on the bad side."""
        return self.low if self.direction is Direction.HIGHER else self.high

    @property
    def unit(self) -> str:
        """`%` or `points`."""
        return "%" if self.kind is GuardrailKind.RELATIVE_PCT else "points"


@dataclass(frozen=True, slots=True)
class WorstZone:
    """The zone with the lowest simultaneous lower bound, or one shown to be beyond the margin.

    Effects are in percent of its own revenue.

    `zones_judged` counts the zones large enough to be judged alone, `zones_pooled` those judged together as one.
    `critical_value` is how many standard errors wide the bounds are, so that all of them hold at once.
    """

    zone: str
    estimate_pct: float
    low_pct: float
    high_pct: float
    zones_judged: int
    zones_pooled: int
    critical_value: float


@dataclass(frozen=True, slots=True)
class ZoneLoss:
    """A zone shown to lose: even its simultaneous upper bound is below 0, whether or not the margin holds.

    `share_pct` is its share of production's revenue; effects are in percent of the zone's own.
    """

    zone: str
    share_pct: float
    estimate_pct: float
    low_pct: float
    high_pct: float


@dataclass(frozen=True, slots=True)
class WorldEffect:
    """The effect on revenue in one world, with the interval over its days. `weight` is its share of all worlds' weights."""

    name: str
    weight: float
    estimate_pct: float
    low_pct: float | None
    high_pct: float | None


@dataclass(frozen=True, slots=True)
class RealisedEffect:
    """What the candidate may earn in the one world that turns out to be true, in percent.

    The interval is a prediction: it does not shrink to nothing with more worlds or days. `sd_worlds_pct` is the spread between
    worlds, `effective_worlds` the number of equally weighted worlds that the set is worth, `chance_of_loss` the chance of an
    effect below 0, and `skewness` that of the worlds' effects (None with fewer than three worlds, or without spread).
    """

    estimate_pct: float
    low_pct: float
    high_pct: float
    sd_worlds_pct: float
    effective_worlds: float
    chance_of_loss: float
    skewness: float | None


@dataclass(frozen=True, slots=True)
class StressOutcome:
    """The effect on revenue in a stress world, with its one-sided part of the rule."""

    name: str
    margin_pct: float
    estimate_pct: float | None
    low_pct: float | None
    high_pct: float | None
    status: GuardrailStatus


@dataclass(frozen=True, slots=True)
class Check:
    """One precondition of reading the numbers at all; `detail` says what was found."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class DayDifference:
    """One test day under one forecast.

    Revenue of both arms is the mean over seeds in minor units; `delta_pct` is in percent of production's mean over all days.
    """

    day: date
    forecast: Forecast
    production_minor: float
    candidate_minor: float
    delta_pct: float


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Standard deviations of the paired difference, in percent: between days, and between seeds within a day.

    `sd_seed` is None with a single seed; then `sd_day` holds both. `sd_day_mean` is that of a day's mean over its seeds.
    """

    days: int
    seeds: int
    sd_day: float
    sd_seed: float | None
    sd_day_mean: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one candidate, and all it rests on.

    Intervals are two-sided at twice `one_sided_level`, the level the rule used. `minimum_detectable_effect_pct` is the true
    effect that this gate would have let through four times out of five. `worlds` is empty where the gate played one world only;
    the verdict is then conditional on that world.
    """

    verdict: Verdict
    one_sided_level: float
    delta_ml: Interval | None
    delta_statistics: Interval | None
    interaction: Interval | None
    sign_flip_p_ml: float | None
    sign_flip_p_statistics: float | None
    days: tuple[DayDifference, ...]
    guardrails: tuple[GuardrailOutcome, ...]
    worst_zone: WorstZone | None
    checks: tuple[Check, ...]
    components_ml: VarianceComponents | None
    components_statistics: VarianceComponents | None
    minimum_detectable_effect_pct: float | None
    plain_words: str
    losing_zones: tuple[ZoneLoss, ...] = ()
    worlds: tuple[WorldEffect, ...] = ()
    realised: RealisedEffect | None = None
    stress_worlds: tuple[StressOutcome, ...] = ()
