"""The clock of the processor a benchmark runs on, measured: nanoseconds of two machines compare only as cycles.

A virtual machine tells no clock that can be trusted. Each step of the chain below waits for the one before: a shift, an
exclusive or, and a multiplication, which take 1, 1 and 3 cycles on the server processors of the last ten years.
"""

from __future__ import annotations

import time

import numpy as np
from numba import njit

CYCLES_PER_STEP = 5
STEPS = 20_000_000
_ODD = np.uint64(0xD1342543DE82EF95)
_SHIFT = np.uint64(29)


@njit
def _chain(number: np.uint64, steps: int) -> np.uint64:
    for _ in range(steps):
        number = (number ^ (number >> _SHIFT)) * _ODD
    return number


def clock_ghz(repeats: int = 5) -> float:
    """Cycles per nanosecond, the fastest of some runs."""
    _chain(np.uint64(1), 1)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        _chain(np.uint64(1), STEPS)
        seconds.append(time.perf_counter() - started)
    return CYCLES_PER_STEP * STEPS / min(seconds) / 1e9
