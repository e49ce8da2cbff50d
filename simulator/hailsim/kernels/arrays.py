"""The array groups passed to kernels, each with its glossary.

L links, Z zones, N taxis, C customers, S maximum shifts per taxi.
Links are in the order of `hailsim.model.routing_graph`, not of the city file. Arrays are C-contiguous; times are seconds of the
operating day.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Columns of a link record: uint32[L + 1, 16], 64 bytes, one cache line. Unused successors point to the last row.
NEXT = 0  # 0..3: successor in the low 20 bits, seconds for the turn and the successor in the high 12
POLICY = 4  # 4..6: cumulative choice of 65,536: recommended in the low 16 bits, observed cabs' in the high 16
QUEUE_HEAD = 7  # index of the first customer who may still be waiting on the link
QUEUE_END = 8  # index after the link's last customer of the day
NEXT_CUSTOMER_S = 9  # when the customer at QUEUE_HEAD appears; NEVER when there is none
ENTRIES = 10  # vacant taxis that entered during this slot
HALF_S = 11  # seconds from the middle of the link to its end
STAND = 12  # chance of 65,536 that a vacant taxi stops at the end of the link
RECORD_COLUMNS = 16

LINK_BITS = 20
MAX_LINKS = (1 << LINK_BITS) - 1
MAX_STEP_S = (1 << 12) - 1
NEVER = 0xFFFFFFFF

SLOTS = 48
SLOT_S = 1_800
SLOTS_PER_HOUR = 2
DAY_S = 86_400
ALWAYS = 1 << 16

# Columns of a customer. Fields used together at a pickup are adjacent, because each pickup is a cache miss.
APPEARS_S = 0
LEAVES_S = 1  # end of the patience; -1 - taxi once served
PICKUP_S = 2  # when the taxi arrives; only where served
SEARCH_S = 3  # since the taxi's last drop-off, -1 for the first pickup of a shift; only where served
DESTINATION = 0
DRIVE_S = 1


class NetworkArrays(NamedTuple):
    """The network as the kernels see it.

    successors uint32[L, 4], L in unused slots, which come last. turns int8[L, 4], 4 in unused slots. turn_s int32[5] seconds
    by turn. freeflow_s float32[L]. zone int32[L]. factor float32[24] travel-time factor by hour of the operating day.
    """

    successors: NDArray[np.uint32]
    turns: NDArray[np.int8]
    turn_s: NDArray[np.int32]
    freeflow_s: NDArray[np.float32]
    zone: NDArray[np.int32]
    factor: NDArray[np.float32]


class CustomerArrays(NamedTuple):
    """The day's customers, sorted by link, then time.

    first int32[L + 1]: customers of link l are first[l]..first[l+1]-1. wait int32[C, 4]: the columns above, none served yet.
    trip int32[C, 2]: DESTINATION is a link, DRIVE_S the seconds from the end of the pickup link to the end of that one.
    """

    first: NDArray[np.int32]
    wait: NDArray[np.int32]
    trip: NDArray[np.int32]


class FleetArrays(NamedTuple):
    """Shifts, starting links and compliance of the fleet.

    start_link int32[N]: the taxi starts at its end. shifts int32[N, S, 2] start and end, both >= 86,400 when unused.
    follows int32[N]: chance of 65,536 that a turn follows the recommendation (0 for non-followers). stand_per_s float32: rate
    at which a vacant taxi stops to stand, per second of driving.
    """

    start_link: NDArray[np.int32]
    shifts: NDArray[np.int32]
    follows: NDArray[np.int32]
    stand_per_s: np.float32


class PlanArrays(NamedTuple):
    """The inputs of the recommender on one day.

    zone_rate float32[48, Z] expected pickups per second of a zone. link_share float32[L] of a zone's pickups, times the
    weight of the road class. reward float32[L] expected fare in mean fares. turn_cost, turn_discount float32[L, 4], 0 and 1
    in unused slots. inverse_wait_per_s, inverse_temperature, log_discount_per_s (<= 0), start_flow_per_s float32. behaviour
    uint16[24, 3, L]: cumulative choice of observed cabs by hour of the operating day.
    """

    zone_rate: NDArray[np.float32]
    link_share: NDArray[np.float32]
    reward: NDArray[np.float32]
    turn_cost: NDArray[np.float32]
    turn_discount: NDArray[np.float32]
    inverse_wait_per_s: np.float32
    inverse_temperature: np.float32
    log_discount_per_s: np.float32
    start_flow_per_s: np.float32
    behaviour: NDArray[np.uint16]


class OutcomeArrays(NamedTuple):
    """The result of a day.

    wait int32[C, 4]: the customers' columns. duty_s int32[N]: seconds on shift, including the end of a last trip; busy_s
    int32[N]: seconds of those with a customer. entries int64[L]: vacant taxis that entered.
    """

    wait: NDArray[np.int32]
    duty_s: NDArray[np.int32]
    busy_s: NDArray[np.int32]
    entries: NDArray[np.int64]


class PlanningArrays(NamedTuple):
    """The recommender's state during a day; names as in `planning` and `records`.

    value float32[L + 1]; gain, keep, discount, flow_per_s float32[L]; link_s int32[L]; cumulative uint16[3, L];
    worth float32[4, L].
    """

    value: NDArray[np.float32]
    gain: NDArray[np.float32]
    keep: NDArray[np.float32]
    discount: NDArray[np.float32]
    flow_per_s: NDArray[np.float32]
    link_s: NDArray[np.int32]
    cumulative: NDArray[np.uint16]
    worth: NDArray[np.float32]


def cache_aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros aligned to 64 bytes, so that a link record occupies one cache line instead of two."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8)
    offset = -raw.ctypes.data % 64
    aligned: NDArray[Any] = raw[offset : offset + size].view(dtype).reshape(shape)
    return aligned
