"""An exponential that is bit-identical on every machine and in the plain-Python oracle.

The C library's exponential differs in the last bit between libraries and vector units. One bit can change a taxi's turn, so
results would depend on the machine. This version uses only float32 additions and multiplications in a fixed order.

Glossary
x            float32  exponent, x <= 0; clamped to LOWEST
n, r         x = r - n·ln 2 with n >= 0 and |r| <= ln 2 / 2 (ln 2 in two parts so that r is exact: Cody and Waite 1980)
2^-n         built from the bits of a float32 with exponent -n: no table, so that the surrounding loop vectorises
coefficients          minimax polynomial of e^r (Cephes `expf`, relative error below 2e-7)
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import float32, int32, njit, types
from numba.extending import intrinsic

LOWEST = np.float32(-80.0)
INVERSE_LN2 = np.float32(1.44269504088896341)
LN2_HIGH = np.float32(0.693359375)
LN2_LOW = np.float32(-2.12194440e-4)
HALF = np.float32(0.5)
ONE = np.float32(1.0)
C6 = np.float32(1.9875691500e-4)
C5 = np.float32(1.3981999507e-3)
C4 = np.float32(8.3334519073e-3)
C3 = np.float32(4.1665795894e-2)
C2 = np.float32(1.6666665459e-1)
C1 = np.float32(5.0000001201e-1)
_BIAS = np.int32(127)
_MANTISSA_BITS = np.int32(23)


@intrinsic
def _from_bits(_context, _bits):
    """Reinterpret an int32 as a float32."""

    def generate(_context, builder, _signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@njit(cache=True, inline="always")
def exp_nonpositive(x):
    """e^x for float32 x <= 0."""
    x = max(x, LOWEST)
    n = int32(HALF - x * INVERSE_LN2)
    back = float32(n)
    r = (x + back * LN2_HIGH) + back * LN2_LOW
    polynomial = ((((C6 * r + C5) * r + C4) * r + C3) * r + C2) * r + C1
    return ((polynomial * r) * r + r + ONE) * _from_bits(int32((_BIAS - n) << _MANTISSA_BITS))
