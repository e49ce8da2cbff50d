"""Keyed random numbers for whole arrays: the shells' side of `hailsim.kernels.hashing`, with the same finaliser.

Every draw is a function of (purpose, seed, operating day, index), so arms of a comparison meet the same world, whatever was drawn
before and in whichever process.
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
_TO_UNIT = 2.0**-53


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


def mix_one(x: int) -> int:
    """The finaliser of splitmix64 on one number."""
    x &= _MASK
    x = ((x ^ (x >> 30)) * _MULTIPLY_1) & _MASK
    x = ((x ^ (x >> 27)) * _MULTIPLY_2) & _MASK
    return x ^ (x >> 31)


def stream_key(stream: Stream, seed: int, day: date) -> int:
    """The uint64 key of one purpose, seed and operating day."""
    return mix_one(mix_one(mix_one(int(stream)) + seed * _ODD) + day.toordinal() * _ODD)


def uniforms(key: int, index: NDArray[np.uint64]) -> NDArray[np.float64]:
    """One number in [0, 1) for every index: float64 of the shape of `index`."""
    x = np.uint64(key) + index * np.uint64(_ODD)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(_MULTIPLY_1)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(_MULTIPLY_2)
    x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) * _TO_UNIT


def numbers(count: int) -> NDArray[np.uint64]:
    """Indices 0..count-1 to draw by."""
    return np.arange(count, dtype=np.uint64)
