"""Value iteration over links and the choice at junctions that follows from it.

V = p·R + (1 - p)·γ^t·max over turns (γ^turn·V' - cost of the turn), absorbing at a pickup, with
p = 1 - exp(-λ·w / (1/W + μ)).

Glossary (L links; everything float32)
value          [L + 1]  V in mean fares at the start of a link; the last entry stands for unused successors
gain           [L]      p·R
keep           [L]      (1 - p)·γ^t
discount       [L]      γ^t of driving the link
flow_per_s     [L]      μ, smoothed rate at which vacant taxis enter
zone_rate      [Z]      λ of the zone in this half hour, pickups per second
turn_cost      [5]      preference against a turn, mean fares; turn_discount [5]  γ^(physical seconds of the turn)
cumulative     uint16[3, L]  choice thresholds of 65,536; 65,535 from the last successor on, so that no draw runs past it
worth          [4, L]   what each turn is worth, less the best of them
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, njit, uint16

from hailsim.kernels.elementary import exp_nonpositive

# `error_model="numpy"`: a check for division by zero, which cannot happen here, would keep loops out of the vector units.
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
def _best(value, successors, turns, turn_cost, turn_discount, link):
    t0, t1, t2, t3 = turns[link, 0], turns[link, 1], turns[link, 2], turns[link, 3]
    a = turn_discount[t0] * value[successors[link, 0]] - turn_cost[t0]
    b = turn_discount[t1] * value[successors[link, 1]] - turn_cost[t1]
    c = turn_discount[t2] * value[successors[link, 2]] - turn_cost[t2]
    d = turn_discount[t3] * value[successors[link, 3]] - turn_cost[t3]
    return max(max(a, b), max(c, d))


@njit(cache=True)
def sweep(value, gain, keep, successors, turns, turn_cost, turn_discount, sweeps):
    """Gauss–Seidel sweeps of alternating direction, in place."""
    links = len(gain)
    for number in range(sweeps):
        if number % 2 == 0:
            for link in range(links):
                value[link] = gain[link] + keep[link] * _best(value, successors, turns, turn_cost, turn_discount, link)
        else:
            for link in range(links - 1, -1, -1):
                value[link] = gain[link] + keep[link] * _best(value, successors, turns, turn_cost, turn_discount, link)


@njit(cache=True, error_model="numpy")
def set_choice(cumulative, worth, value, successors, turns, turn_cost, turn_discount, inverse_temperature):
    """Softmax over the turns of every link, as cumulative thresholds; `worth` is room to work in."""
    links = cumulative.shape[1]
    # Two loops: the second has no look-ups and runs in vector units.
    for link in range(links):
        t0, t1, t2, t3 = turns[link, 0], turns[link, 1], turns[link, 2], turns[link, 3]
        a = turn_discount[t0] * value[successors[link, 0]] - turn_cost[t0]
        b = turn_discount[t1] * value[successors[link, 1]] - turn_cost[t1]
        c = turn_discount[t2] * value[successors[link, 2]] - turn_cost[t2]
        d = turn_discount[t3] * value[successors[link, 3]] - turn_cost[t3]
        best = max(max(a, b), max(c, d))
        worth[0, link], worth[1, link], worth[2, link], worth[3, link] = a - best, b - best, c - best, d - best
    for link in range(links):
        e0 = exp_nonpositive(worth[0, link] * inverse_temperature)
        e1 = e0 + exp_nonpositive(worth[1, link] * inverse_temperature)
        e2 = e1 + exp_nonpositive(worth[2, link] * inverse_temperature)
        scale = TOP / (e2 + exp_nonpositive(worth[3, link] * inverse_temperature))
        cumulative[0, link] = uint16(int32(min(CERTAIN, e0 * scale)))
        cumulative[1, link] = uint16(int32(min(CERTAIN, e1 * scale)))
        cumulative[2, link] = uint16(int32(min(CERTAIN, e2 * scale)))
