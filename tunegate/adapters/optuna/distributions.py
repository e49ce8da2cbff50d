"""The search space as Optuna's distributions."""

from __future__ import annotations

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from tunegate.domain.parameters import Dimension
from tunegate.search.space import Space


def distributions_of(space: Space) -> dict[str, BaseDistribution]:
    """Distributions by parameter name, in sorted order, so that samplers draw in an order that never changes."""
    return {dimension.name: _distribution(dimension) for dimension in sorted(space.dimensions, key=lambda d: d.name)}


def _distribution(dimension: Dimension) -> BaseDistribution:
    """Both bounds are inclusive."""
    if dimension.type == "int":
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
