"""The search space as a unit cube: one coordinate per axis, even in the logarithm where the axis is logarithmic."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

FloatArray = NDArray[np.float64]
Value = int | float


def sobol_points(seed: int, first: int, count: int, axes: int) -> FloatArray:
    """Points number `first` and after of a scrambled Sobol sequence, float64[count, axes]."""
    from scipy.stats import qmc  # noqa: PLC0415 - takes a second, which only those who search should wait

    engine = qmc.Sobol(axes, scramble=True, rng=np.random.default_rng(seed))
    if first > 0:  # scipy refuses to go forward by none
        engine.fast_forward(first)
    points: FloatArray = engine.random(count)
    return points


def from_cube(point: FloatArray, space: Mapping[str, BaseDistribution]) -> dict[str, Value]:
    """Values by name of one point, float64[d]; coordinates go with the names in sorted order."""
    return {name: _value(float(unit), space[name]) for name, unit in zip(sorted(space), point, strict=True)}


def to_cube(values: Mapping[str, Value], space: Mapping[str, BaseDistribution]) -> FloatArray:
    """The point float64[d] of values; whole numbers lie in the middle of their share of the axis."""
    return np.array([_coordinate(values[name], space[name]) for name in sorted(space)])


def _value(unit: float, axis: BaseDistribution) -> Value:
    low, high, log = _bounds(axis)
    value = float(np.exp(np.log(low) + unit * (np.log(high) - np.log(low)))) if log else low + unit * (high - low)
    if isinstance(axis, IntDistribution):
        return min(axis.high, max(axis.low, round(value)))
    return min(high, max(low, value))


def _coordinate(value: Value, axis: BaseDistribution) -> float:
    low, high, log = _bounds(axis)
    if log:
        return float((np.log(value) - np.log(low)) / (np.log(high) - np.log(low)))
    return (value - low) / (high - low)


def _bounds(axis: BaseDistribution) -> tuple[float, float, bool]:
    match axis:
        case IntDistribution(low=low, high=high, log=log):
            # Half a step on either side gives the bounds the same share as every other integer.
            return low - 0.5, high + 0.5, log
        case FloatDistribution(low=low, high=high, log=log):
            return low, high, log
        case _:
            raise TypeError(f"axes are float or int, but got {axis}")
