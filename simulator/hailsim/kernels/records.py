"""Updating link records (columns in `arrays`): one cache line holds everything a taxi needs at a junction.

Glossary
record      uint32[L + 1, 16]  see `arrays`
link_s      int32[L]           seconds to drive a link at this hour, >= 1
factor      float32            travel-time factor of the hour
stand_per_s float32            see `FleetArrays`
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, njit, uint32

from hailsim.kernels.arrays import (
    APPEARS_S,
    ENTRIES,
    HALF_S,
    LINK_BITS,
    MAX_STEP_S,
    NEVER,
    NEXT,
    NEXT_CUSTOMER_S,
    POLICY,
    QUEUE_END,
    QUEUE_HEAD,
    STAND,
)

_LOW = np.uint32(0xFFFF)
_HIGH = np.uint32(0xFFFF0000)
_CERTAIN = np.float32(65_536.0)
_ONE = np.float32(1.0)


@njit(cache=True)
def set_travel_times(record, link_s, network, factor, stand_per_s):
    """Store the hour's travel times of all turns and successors and the standing chances; fills `link_s`."""
    links = len(link_s)
    for link in range(links):
        link_s[link] = max(int32(1), int32(np.rint(network.freeflow_s[link] * factor)))
        record[link, HALF_S] = link_s[link] // 2
        # Whoever has stood may stand again before it drives: stands a link are chance + chance² + …
        stands = float32(link_s[link]) * stand_per_s
        record[link, STAND] = uint32(stands / (_ONE + stands) * _CERTAIN)
    for link in range(links):
        for k in range(4):
            successor = network.successors[link, k]
            step_s = network.turn_s[network.turns[link, k]]
            if successor < links:
                step_s += link_s[successor]
            record[link, NEXT + k] = uint32(successor) | (uint32(min(max(step_s, 1), MAX_STEP_S)) << uint32(LINK_BITS))


@njit(cache=True)
def set_queues(record, customers):
    """Every link's queue at the start of the day."""
    for link in range(len(customers.first) - 1):
        head, end = customers.first[link], customers.first[link + 1]
        record[link, QUEUE_HEAD] = head
        record[link, QUEUE_END] = end
        record[link, NEXT_CUSTOMER_S] = customers.wait[head, APPEARS_S] if head < end else NEVER


@njit(cache=True)
def set_behaviour(record, cumulative):
    """Store the hour's observed-cab choices, uint16[3, L], in the high halves."""
    for link in range(cumulative.shape[1]):
        for k in range(3):
            record[link, POLICY + k] = (record[link, POLICY + k] & _LOW) | (uint32(cumulative[k, link]) << uint32(16))


@njit(cache=True)
def set_recommendation(record, cumulative):
    """Store the recommended choices, uint16[3, L], in the low halves."""
    for link in range(cumulative.shape[1]):
        for k in range(3):
            record[link, POLICY + k] = (record[link, POLICY + k] & _HIGH) | uint32(cumulative[k, link])


@njit(cache=True)
def record_entries(record, flow_per_s, entries, smoothing, per_slot):
    """Add the slot's entries to the smoothed flow and the day's count, and reset the counters."""
    for link in range(len(flow_per_s)):
        count = record[link, ENTRIES]
        entries[link] += count
        flow_per_s[link] = smoothing * flow_per_s[link] + (float32(1.0) - smoothing) * (float32(count) * per_slot)
        record[link, ENTRIES] = 0
