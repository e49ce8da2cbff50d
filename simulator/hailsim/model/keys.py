"""Keys of random numbers: one for every purpose, seed and operating day (drawing itself: `hailsim.model.keyed`).

Every draw is a function of (purpose, seed, operating day, index), so arms of a comparison meet the same world, whatever was
drawn before and in whichever process.
"""

from __future__ import annotations

from datetime import date
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

_MASK = (1 << 64) - 1
_MULTIPLY_1 = 0xBF58476D1CE4E5B9
_MULTIPLY_2 = 0x94D049BB133111EB
_ODD = 0x9E3779B97F4A7C15


class Stream(IntEnum):
    """What a random number is for. The numbers are part of every result: never renumber, only add."""

    TURN = 1
    THIN = 2
    COPY = 3
    COPY_TIME = 4
    COPY_STEPS = 5
    COPY_WAY_1 = 6
    COPY_WAY_2 = 7
    PATIENCE_1 = 8
    PATIENCE_2 = 9
    SHIFT_ORDER = 10
    START_LINK = 11
    FOLLOWER = 12
    LATE_FORECAST = 13
    ROUTE_START = 14
    ROUTE_TURN = 15


def mix_one(x: int) -> int:
    """The finaliser of splitmix64 on one number."""
    x &= _MASK
    x = ((x ^ (x >> 30)) * _MULTIPLY_1) & _MASK
    x = ((x ^ (x >> 27)) * _MULTIPLY_2) & _MASK
    return x ^ (x >> 31)


def stream_key(stream: Stream, seed: int, day: date) -> int:
    """The uint64 key of one purpose, seed and operating day."""
    return mix_one(mix_one(mix_one(int(stream)) + seed * _ODD) + day.toordinal() * _ODD)


def numbers(count: int) -> NDArray[np.uint64]:
    """Indices 0..count-1 to draw by."""
    return np.arange(count, dtype=np.uint64)
