"""The search space as Optuna sees it: dimensions to distributions, and proposals back to parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from tunegate.domain.parameters import Dimension, Parameters, ParameterValue
from tunegate.domain.seeds import keyed_integer


def distribution(dimension: Dimension) -> BaseDistribution:
    """Optuna's distribution over one dimension, both bounds inclusive."""
    if dimension.type == "int":
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


@dataclass(frozen=True, slots=True)
class Space:
    """The searched dimensions, and production's values for every parameter that is not searched."""

    dimensions: tuple[Dimension, ...]
    production: Parameters

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Distributions by parameter name, in sorted order, so that samplers draw in an order that never changes."""
        return {dimension.name: distribution(dimension) for dimension in sorted(self.dimensions, key=lambda d: d.name)}

    @property
    def searched_production(self) -> dict[str, ParameterValue]:
        """Production's values of the searched parameters."""
        return self.searched(self.production)

    def complete(self, searched: Mapping[str, ParameterValue]) -> Parameters:
        """All parameters of a proposal: the searched values, and production's for the rest."""
        return Parameters({**self.production, **searched})

    def searched(self, parameters: Parameters) -> dict[str, ParameterValue]:
        """The values of the searched parameters among all."""
        return {dimension.name: parameters[dimension.name] for dimension in self.dimensions}

    def nearest(self, parameters: Mapping[str, ParameterValue]) -> Parameters:
        """The point of this space nearest to parameters of another: clipped to the bounds, production's where none is given."""
        given = {**self.production, **parameters}
        return self.complete({each.name: _clipped(each, given[each.name]) for each in self.dimensions})

    def probes(self, seed: int, count: int) -> tuple[Parameters, ...]:
        """Stand-ins for a candidate nobody knows yet: keyed draws from all over the space."""
        return tuple(
            self.complete({each.name: _drawn(each, seed, index) for each in self.dimensions}) for index in range(count)
        )


def _clipped(dimension: Dimension, value: ParameterValue) -> ParameterValue:
    """The value within the axis, whole where the axis is."""
    within = min(max(value, dimension.low), dimension.high)
    return round(within) if dimension.type == "int" else float(within)


def _drawn(dimension: Dimension, seed: int, index: int) -> ParameterValue:
    """A place on the axis the search uses, from the key alone."""
    there, back = (math.log, math.exp) if dimension.log else (float, float)
    low, high = there(dimension.low), there(dimension.high)
    value = back(low + (high - low) * keyed_integer(seed, "probe", index, dimension.name) / 2**32)
    return round(value) if dimension.type == "int" else value
