"""Keyed random numbers: the same key and counters give the same number on every machine, in any order of asking.

The mixer is splitmix64 (Steele, Lea and Flood 2014). Only integer operations, products and sums are used: no function of the
C library whose last bit differs between machines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53
_NORMAL_TERMS = 12


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    mixed: NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed


def keyed_bits(key: int, *counters: ArrayLike) -> NDArray[np.uint64]:
    """uint64 bits for the key and the counters (integers that broadcast against each other, at least one of them an array)."""
    state = np.atleast_1d(np.uint64(key & 0xFFFFFFFFFFFFFFFF))
    for counter in counters:
        state = _mix(state + _GOLDEN + np.asarray(counter).astype(np.uint64))
    return _mix(state + _GOLDEN)


def keyed_uniform(key: int, *counters: ArrayLike) -> NDArray[np.float64]:
    """float64 in [0, 1) for the key and the counters."""
    uniform: NDArray[np.float64] = (keyed_bits(key, *counters) >> np.uint64(11)).astype(np.float64) * _TO_UNIT
    return uniform


def keyed_normal(key: int, *counters: ArrayLike) -> NDArray[np.float64]:
    """Nearly normal (sum of twelve uniforms less six): mean 0, variance 1, bounded by ±6."""
    total = keyed_uniform(key, *counters, 0)
    for term in range(1, _NORMAL_TERMS):
        total = total + keyed_uniform(key, *counters, term)
    return total - _NORMAL_TERMS / 2.0
