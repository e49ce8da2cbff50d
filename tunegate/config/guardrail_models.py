"""The shape of a guardrail, which the gate and experiments on the street have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunegate.config.section import Section
from tunegate.domain.parameters import Direction
from tunegate.gate.policy import GuardrailKind, GuardrailPolicy


class GuardrailSection(Section):
    """A metric that must not get worse by more than its margin."""

    good: Literal["higher", "lower"] = Field(description="which way the metric is good")
    kind: Literal["relative_pct", "points", "fraction_points"] = Field(
        description="how a change is measured: percent of production, the metric's own unit, or 100 times a fraction"
    )
    margin: float = Field(ge=0, le=1_000_000, description="largest worsening tolerated, in the unit of `kind`")

    def policy(self, metric: str) -> GuardrailPolicy:
        """The gate's guardrail."""
        return GuardrailPolicy(metric, Direction(self.good), self.margin, GuardrailKind(self.kind))
