"""Value iteration over links, and the turn choice that follows from it.

V = p·R + (1 - p)·γ^t·max over turns (γ^turn·V' - turn cost), absorbing at a pickup, with
p = 1 - exp(-λ·w / (1/W + μ)).

Glossary (L links; everything float32)
value          [L + 1]  V in mean fares at the start of a link; the last entry represents unused successors
gain           [L]      p·R
keep           [L]      (1 - p)·γ^t
discount       [L]      γ^t of driving the link
flow_per_s     [L]      μ, smoothed rate at which vacant taxis enter
zone_rate      [Z]      λ of the zone in this half hour, pickups per second
successors     uint32[L, 4]  L in unused slots
turn_cost      [L, 4]   preference against the turn, mean fares; turn_discount [L, 4]  γ^(physical seconds of the turn)
cumulative     uint16[3, L]  choice thresholds of 65,536; 65,535 from the last successor on, so that no draw exceeds it
worth          [4, L]   value of each turn minus that of the best (its advantage)
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, njit, uint16, uint64

from hailsim.kernels.elementary import exp_nonpositive

# `error_model="numpy"`: zero divisors cannot occur here, and checking for them would prevent vectorisation.
UNREACHABLE = np.float32(-1e9)
ONE = np.float32(1.0)
TOP = np.float32(65_536.0)
CERTAIN = np.float32(65_535.0)


@njit(cache=True)
def set_discount(discount, link_s, log_discount_per_s):
    """γ^t of every link at this hour's travel times."""
    for link in range(len(discount)):
        discount[link] = exp_nonpositive(log_discount_per_s * float32(link_s[link]))


@njit(cache=True, error_model="numpy")
def set_chances(gain, keep, discount, flow_per_s, zone_rate, zone, link_share, reward, inverse_wait_per_s):
    """Chance of a pickup on each link, as `gain` and `keep`."""
    # Two loops: the second has no look-ups and runs in vector units.
    for link in range(len(gain)):
        gain[link] = zone_rate[zone[link]]
    for link in range(len(gain)):
        miss = exp_nonpositive(-(gain[link] * link_share[link] / (inverse_wait_per_s + flow_per_s[link])))
        gain[link] = (ONE - miss) * reward[link]
        keep[link] = miss * discount[link]


@njit(cache=True, inline="always")
def _worth(value, successors, turn_cost, turn_discount, link, k):
    return turn_discount[link, k] * value[successors[link, k]] - turn_cost[link, k]


@njit(cache=True, inline="always")
def _larger(a, b):
    # One instruction; the built-in `max` also asks which of them is not a number.
    return a if a > b else b


@njit(cache=True)
def sweep(value, gain, keep, successors, turn_cost, turn_discount, sweeps):
    """Gauss–Seidel sweeps of alternating direction, in place."""
    links = len(gain)
    for number in range(sweeps):
        for step in range(links):
            # Unsigned: a signed index could count from the end, which takes a comparison.
            link = uint64(step if number % 2 == 0 else links - 1 - step)
            a = _worth(value, successors, turn_cost, turn_discount, link, 0)
            b = _worth(value, successors, turn_cost, turn_discount, link, 1)
            c = _worth(value, successors, turn_cost, turn_discount, link, 2)
            d = _worth(value, successors, turn_cost, turn_discount, link, 3)
            value[link] = gain[link] + keep[link] * _larger(_larger(a, b), _larger(c, d))


@njit(cache=True, error_model="numpy")
def set_choice(cumulative, worth, value, successors, turn_cost, turn_discount, inverse_temperature):
    """Softmax over the turns of every link, as cumulative thresholds; `worth` is room to work in."""
    links = cumulative.shape[1]
    # Two loops: the second has no look-ups and runs in vector units.
    for link in range(links):
        a = _worth(value, successors, turn_cost, turn_discount, link, 0)
        b = _worth(value, successors, turn_cost, turn_discount, link, 1)
        c = _worth(value, successors, turn_cost, turn_discount, link, 2)
        d = _worth(value, successors, turn_cost, turn_discount, link, 3)
        best = _larger(_larger(a, b), _larger(c, d))
        worth[0, link], worth[1, link], worth[2, link], worth[3, link] = a - best, b - best, c - best, d - best
    for link in range(links):
        e0 = exp_nonpositive(worth[0, link] * inverse_temperature)
        e1 = e0 + exp_nonpositive(worth[1, link] * inverse_temperature)
        e2 = e1 + exp_nonpositive(worth[2, link] * inverse_temperature)
        scale = TOP / (e2 + exp_nonpositive(worth[3, link] * inverse_temperature))
        cumulative[0, link] = uint16(int32(min(CERTAIN, e0 * scale)))
        cumulative[1, link] = uint16(int32(min(CERTAIN, e1 * scale)))
        cumulative[2, link] = uint16(int32(min(CERTAIN, e2 * scale)))
