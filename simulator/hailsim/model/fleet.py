"""Shifts, start links and followers of the fleet, drawn for every operating day and seed.

Shifts match the city's hourly share of active taxis. The taxi that has worked longest ends its shift first and the one that has
rested longest starts next; no shift exceeds MAX_SHIFT_S while a rested taxi is available.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.kernels.arrays import ALWAYS, FleetArrays
from hailsim.kernels.movement import STAND_S, STAYS
from hailsim.model.city import SECONDS_PER_DAY
from hailsim.model.random_streams import Stream, indices, random_uniform, stream_key

HOUR_S = 3600
MAX_SHIFT_S = 10 * HOUR_S
OPEN_END_S = 1 << 30


@dataclass(frozen=True, slots=True)
class FleetDay:
    """The fleet of one day. `arrays`: the kernels' view. follower: bool[N]. on_duty: bool[N], has a shift that day."""

    arrays: FleetArrays
    follower: NDArray[np.bool_]
    on_duty: NDArray[np.bool_]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(array.nbytes for array in (*self.arrays, self.follower, self.on_duty))


def draw_fleet(
    taxis: int,
    *,
    active_share: NDArray[np.float32],
    start_weight: NDArray[np.float64],
    follower_share: float,
    compliance: float,
    standing_share: float,
    day: date,
    seed: int,
) -> FleetDay:
    """Draw the fleet of one day; `start_weight` float64[L] is the relative density of vacant taxis at its start.

    Raises BadInput when no taxi has a shift.
    """
    index = indices(taxis)
    order = np.argsort(random_uniform(stream_key(Stream.SHIFT_ORDER, seed, day), index), kind="stable")
    shifts = _shifts(order, np.rint(active_share.astype(np.float64) * taxis).astype(np.int64))
    cumulative = np.cumsum(start_weight)
    target = random_uniform(stream_key(Stream.START_LINK, seed, day), index) * cumulative[-1]
    start_link = np.minimum(np.searchsorted(cumulative, target, side="right"), len(cumulative) - 1).astype(np.int32)
    rank = np.argsort(np.argsort(random_uniform(stream_key(Stream.FOLLOWER, seed, day), index), kind="stable"), kind="stable")
    follower = rank < round(follower_share * taxis)
    follows = np.where(follower, round(compliance * ALWAYS), 0).astype(np.int32)
    on_duty = shifts[:, 0, 0] < SECONDS_PER_DAY
    if not on_duty.any():
        value = f"{taxis} taxis with an active share of at most {float(active_share.max()):.3f}"
        raise refuse("at least one taxi must be on shift", value, "settings.taxis", "Use a larger fleet.")
    return FleetDay(FleetArrays(start_link, shifts, follows, stand_per_s(standing_share)), follower, on_duty)


def stand_per_s(standing_share: float) -> np.float32:
    """The rate of stopping, per second of driving, at which taxis stand for that share of their vacant time."""
    mean_s = STAND_S / (1.0 - STAYS / ALWAYS)
    return np.float32(standing_share / ((1.0 - standing_share) * mean_s))


def _shifts(order: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int32]:
    """Shifts int32[N, S, 2] such that `wanted` int64[24] taxis are on shift by hour; `order` is the initial rotation."""
    resting = deque(int(taxi) for taxi in order)
    working: deque[tuple[int, int]] = deque()
    shifts: dict[int, list[tuple[int, int]]] = {int(taxi): [] for taxi in order}
    initial = int(wanted[0])
    for rank in range(initial):
        # Taxis on shift at the start of the day began theirs at staggered times before it.
        working.append((resting.popleft(), -MAX_SHIFT_S + (rank * MAX_SHIFT_S) // initial))
    for hour in range(1, len(wanted)):
        # A share is the mean of its hour, so shifts change between the middle of the previous hour and the middle of this one.
        change_s = hour * HOUR_S - HOUR_S // 2
        change = int(wanted[hour]) - len(working)
        tired = sum(1 for _, since_s in working if change_s - since_s >= MAX_SHIFT_S)
        ends = max(-change, min(tired, len(resting) - max(change, 0)))
        starts = ends + change
        for number in range(ends):
            taxi, since_s = working.popleft()
            shifts[taxi].append((max(since_s, 0), change_s + (number * HOUR_S) // ends))
            resting.append(taxi)
        for number in range(starts):
            working.append((resting.popleft(), change_s + (number * HOUR_S) // starts))
    for taxi, since_s in working:
        shifts[taxi].append((max(since_s, 0), OPEN_END_S))
    table = np.full((len(order), max(1, max((len(own) for own in shifts.values()), default=1)), 2), OPEN_END_S, np.int32)
    for taxi, own in shifts.items():
        if own:
            table[taxi, : len(own)] = own
    return table
