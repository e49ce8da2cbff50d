"""What a region demands of a candidate. Business thresholds have no defaults: somebody must have chosen them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tunegate.domain.errors import Fault
from tunegate.domain.parameters import Direction, MetricSpec
from tunegate.domain.worlds import StressWorld

FEWEST_DAYS = 5
"""Four cosine transforms need four degrees of freedom besides the mean; with fewer days nothing can be promoted."""


class GuardrailKind(StrEnum):
    """How a change of a metric is measured.

    RELATIVE_PCT is percent of production's mean; POINTS is the difference in the metric's own unit; FRACTION_POINTS is the
    difference of a metric between 0 and 1, times 100.
    """

    RELATIVE_PCT = "relative_pct"
    POINTS = "points"
    FRACTION_POINTS = "fraction_points"


@dataclass(frozen=True, slots=True)
class GuardrailPolicy:
    """A metric that must not get worse by more than `margin` (in the unit of `kind`, never negative).

    `direction` says which way the metric is good. Raises ValueError for a margin or a direction that can guard nothing.
    """

    metric: str
    direction: Direction
    margin: float
    kind: GuardrailKind

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise ValueError(f"`guardrail margin >= 0` must hold, but got {self.margin} for {self.metric}")
        if self.direction is Direction.NEITHER:
            raise ValueError(f"a guardrail needs a good direction, higher or lower, but got neither for {self.metric}")

    @property
    def unit(self) -> str:
        """`%` or `points`."""
        return "%" if self.kind is GuardrailKind.RELATIVE_PCT else "points"


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The rule's thresholds for one region.

    `one_sided_level` is the error level of each one-sided bound; the interval shown is the two-sided one at twice that level
    (0.05 gives the 90 % interval). `worst_zone_margin_pct` is None where zones are not guarded. Raises ValueError when a
    threshold is out of range.
    """

    minimum_effect_pct: float
    fallback_margin_pct: float
    one_sided_level: float
    minimum_days: int
    maximum_test_age_days: int
    guardrails: tuple[GuardrailPolicy, ...]
    worst_zone_margin_pct: float | None
    stress_worlds: tuple[StressWorld, ...] = ()

    def __post_init__(self) -> None:
        for name in ("minimum_effect_pct", "fallback_margin_pct"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"`{name} >= 0` must hold, but got {value}")
        if not 0 < self.one_sided_level < 0.5:
            raise ValueError(f"`0 < one_sided_level < 0.5` must hold, but got {self.one_sided_level}")
        if self.minimum_days < FEWEST_DAYS:
            raise ValueError(f"`minimum_days >= {FEWEST_DAYS}` must hold, but got {self.minimum_days}")
        if self.maximum_test_age_days < 0:
            raise ValueError(f"`maximum_test_age_days >= 0` must hold, but got {self.maximum_test_age_days}")
        if self.worst_zone_margin_pct is not None and not (
            math.isfinite(self.worst_zone_margin_pct) and self.worst_zone_margin_pct >= 0
        ):
            raise ValueError(f"`worst_zone_margin_pct >= 0` must hold, but got {self.worst_zone_margin_pct}")
        for world in self.stress_worlds:
            if not (math.isfinite(world.margin_pct) and world.margin_pct >= 0):
                raise ValueError(f"`stress world margin >= 0` must hold, but got {world.margin_pct} for {world.name}")
        names = [guardrail.metric for guardrail in self.guardrails]
        if len(set(names)) != len(names):
            raise ValueError(f"each metric may be guarded once, but got {sorted(names)}")

    def faults_against(self, metrics: Sequence[MetricSpec]) -> tuple[Fault, ...]:
        """Every guardrail that does not fit what the simulator says of its metrics."""
        specs = {spec.name: spec for spec in metrics}
        return tuple(
            fault
            for guardrail in self.guardrails
            if (fault := _fault_of(guardrail, specs.get(guardrail.metric), sorted(specs))) is not None
        )


def _fault_of(guardrail: GuardrailPolicy, spec: MetricSpec | None, known: Sequence[str]) -> Fault | None:
    """What is wrong with a guardrail, given the simulator's word on its metric."""
    place = f"gate.guardrails.{guardrail.metric}"
    if spec is None:
        return Fault(
            "a guardrail must name a metric of the simulator", guardrail.metric, place, f"Choose among {', '.join(known)}."
        )
    if spec.direction is not Direction.NEITHER and spec.direction is not guardrail.direction:
        return Fault(
            f"the simulator says that {spec.direction.value} is good",
            guardrail.direction.value,
            place,
            "Turn the direction round.",
        )
    if guardrail.kind is GuardrailKind.FRACTION_POINTS and spec.unit.strip().lower() in {"%", "percent", "pct"}:
        return Fault("a metric in percent is not a fraction", guardrail.kind.value, place, "Use the kind `points`.")
    return None
