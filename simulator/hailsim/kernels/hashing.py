"""Counter-based random numbers for kernels: a keyed hash of counters, without state or draw order.

Glossary
key      uint64           one stream: a purpose, a seed and an operating day (`hailsim.model.random_streams`)
counter  uint64           what the draw belongs to: the second, the taxi, the customer
mix      uint64 → uint64  the splitmix64 finaliser (Steele, Lea, Flood 2014), a bijection that passes BigCrush on counters
ODD_*    uint64           odd multipliers that separate the counters of one draw
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types, uint64
from numba.extending import intrinsic

ODD_A = np.uint64(0x9E3779B97F4A7C15)
ODD_B = np.uint64(0xD1342543DE82EF95)
_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)


@njit(cache=True, inline="always")
def mix(x):
    """Scramble 64 bits."""
    x = uint64(x)
    x ^= x >> uint64(30)
    x *= _MULTIPLY_1
    x ^= x >> uint64(27)
    x *= _MULTIPLY_2
    x ^= x >> uint64(31)
    return x


@intrinsic
def trailing_zeros(_context, _word):
    """Position of the lowest set bit of a uint64 (64 for zero), as one machine instruction."""

    def generate(_context, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate
