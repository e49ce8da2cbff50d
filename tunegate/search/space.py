"""The search space: which parameters are searched and within which bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tunegate.domain.parameters import Dimension, Parameters, ParameterValue
from tunegate.domain.seeds import keyed_integer


@dataclass(frozen=True, slots=True)
class Space:
    """The searched dimensions, and production's values for every parameter that is not searched."""

    dimensions: tuple[Dimension, ...]
    production: Parameters

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
        """Parameters that stand for a candidate before there is one: keyed draws from the whole space."""
        return tuple(
            self.complete({each.name: _drawn(each, seed, index) for each in self.dimensions}) for index in range(count)
        )


def _clipped(dimension: Dimension, value: ParameterValue) -> ParameterValue:
    """The value within the axis, whole where the axis is."""
    within = min(max(value, dimension.low), dimension.high)
    return round(within) if dimension.type == "int" else float(within)


def _drawn(dimension: Dimension, seed: int, index: int) -> ParameterValue:
    """A value on the axis the search uses, from the key alone."""
    there, back = (math.log, math.exp) if dimension.log else (float, float)
    low, high = there(dimension.low), there(dimension.high)
    value = back(low + (high - low) * keyed_integer(seed, "probe", index, dimension.name) / 2**32)
    return round(value) if dimension.type == "int" else value
