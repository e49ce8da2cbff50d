"""Counter-based random numbers: every draw is a hash of its purpose, seed, operating day and index, with no state.

The arms of a comparison therefore meet the same world, whatever was drawn before and in whichever process. The mixer is
splitmix64 (Steele, Lea and Flood 2014). Only integer operations, sums and products are used: the last bit of a C library
function can differ between machines.
"""

from __future__ import annotations

from datetime import date
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MASK = (1 << 64) - 1
_MULTIPLY_1 = 0xBF58476D1CE4E5B9
_MULTIPLY_2 = 0x94D049BB133111EB
_GOLDEN = 0x9E3779B97F4A7C15
_TO_UNIT = 2.0**-53
_NORMAL_TERMS = 12


class Stream(IntEnum):
    """The purpose of a random number. The values determine every result: add new ones, never renumber."""

    TURN = 1
    THIN = 2
    COPY = 3
    COPY_TIME = 4
    COPY_STEPS = 5
    COPY_UPSTREAM_1 = 6
    COPY_UPSTREAM_2 = 7
    PATIENCE_1 = 8
    PATIENCE_2 = 9
    SHIFT_ORDER = 10
    START_LINK = 11
    FOLLOWER = 12
    LATE_FORECAST = 13
    ROUTE_START = 14
    ROUTE_TURN = 15


def mix64(x: int) -> int:
    """The splitmix64 finaliser of one number."""
    x &= _MASK
    x = ((x ^ (x >> 30)) * _MULTIPLY_1) & _MASK
    x = ((x ^ (x >> 27)) * _MULTIPLY_2) & _MASK
    return x ^ (x >> 31)


def stream_key(stream: Stream, seed: int, day: date) -> int:
    """The uint64 key of one purpose, seed and operating day."""
    return mix64(mix64(mix64(int(stream)) + seed * _GOLDEN) + day.toordinal() * _GOLDEN)


def indices(count: int) -> NDArray[np.uint64]:
    """The counters 0..count-1."""
    return np.arange(count, dtype=np.uint64)


def random_bits(key: int, *counters: ArrayLike) -> NDArray[np.uint64]:
    """uint64 bits for the key and the counters (integers that broadcast against each other, at least one of them an array)."""
    state = np.atleast_1d(np.uint64(key & _MASK))
    for counter in counters:
        state = _mix(state + np.uint64(_GOLDEN) + np.asarray(counter).astype(np.uint64))
    return _mix(state + np.uint64(_GOLDEN))


def random_uniform(key: int, *counters: ArrayLike) -> NDArray[np.float64]:
    """float64 in [0, 1) for the key and the counters."""
    uniform: NDArray[np.float64] = (random_bits(key, *counters) >> np.uint64(11)).astype(np.float64) * _TO_UNIT
    return uniform


def random_normal(key: int, *counters: ArrayLike) -> NDArray[np.float64]:
    """Approximately normal (the sum of twelve uniforms less six): mean 0, variance 1, bounded by ±6."""
    total = random_uniform(key, *counters, 0)
    for term in range(1, _NORMAL_TERMS):
        total = total + random_uniform(key, *counters, term)
    return total - _NORMAL_TERMS / 2.0


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(_MULTIPLY_1)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(_MULTIPLY_2)
    mixed: NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed
