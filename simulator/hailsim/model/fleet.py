"""Who works when, where they start and who follows the recommendation, drawn anew for every operating day and seed.

Shifts meet the city's share of active taxis hour by hour: whoever has worked longest goes home first, whoever has rested
longest comes next, and nobody works more than MOST_SHIFT_S while somebody rested can take over.
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
from hailsim.model.keyed import keyed_uniform
from hailsim.model.keys import Stream, numbers, stream_key

HOUR_S = 3600
MOST_SHIFT_S = 10 * HOUR_S
OPEN_END_S = 1 << 30


@dataclass(frozen=True, slots=True)
class FleetDay:
    """One day's fleet. `arrays`: what the movement needs. follower: bool[N]. on_duty: bool[N], has a shift that day."""

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
    """The fleet of one day; `start_weight` float64[L] says where vacant taxis are to be expected at the day's start.

    Raises BadInput when the shares leave nobody on shift.
    """
    index = numbers(taxis)
    order = np.argsort(keyed_uniform(stream_key(Stream.SHIFT_ORDER, seed, day), index), kind="stable")
    shifts = _shifts(order, np.rint(active_share.astype(np.float64) * taxis).astype(np.int64))
    cumulative = np.cumsum(start_weight)
    place = keyed_uniform(stream_key(Stream.START_LINK, seed, day), index) * cumulative[-1]
    start_link = np.minimum(np.searchsorted(cumulative, place, side="right"), len(cumulative) - 1).astype(np.int32)
    rank = np.argsort(np.argsort(keyed_uniform(stream_key(Stream.FOLLOWER, seed, day), index), kind="stable"), kind="stable")
    follower = rank < round(follower_share * taxis)
    follows = np.where(follower, round(compliance * ALWAYS), 0).astype(np.int32)
    on_duty = shifts[:, 0, 0] < SECONDS_PER_DAY
    if not on_duty.any():
        value = f"{taxis} taxis with an active share of at most {float(active_share.max()):.3f}"
        raise refuse("somebody must be on shift", value, "settings.taxis", "Take a larger fleet.")
    return FleetDay(FleetArrays(start_link, shifts, follows, stand_per_s(standing_share)), follower, on_duty)


def stand_per_s(standing_share: float) -> np.float32:
    """How often they must begin to stand, per second of driving, to stand for that share of their vacant time."""
    mean_s = STAND_S / (1.0 - STAYS / ALWAYS)
    return np.float32(standing_share / ((1.0 - standing_share) * mean_s))


def _shifts(order: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int32]:
    """Shifts int32[N, S, 2] of taxis in their `order` of turns, for `wanted` int64[24] taxis on shift by hour."""
    resting = deque(int(taxi) for taxi in order)
    working: deque[tuple[int, int]] = deque()
    shifts: dict[int, list[tuple[int, int]]] = {int(taxi): [] for taxi in order}
    begun = int(wanted[0])
    for place in range(begun):
        # Whoever works at the day's start has been on shift for some time already.
        working.append((resting.popleft(), -MOST_SHIFT_S + (place * MOST_SHIFT_S) // begun))
    for hour in range(1, len(wanted)):
        # A share is the mean over its hour: taxis come and go from the middle of the hour before to the middle of this one.
        change_s = hour * HOUR_S - HOUR_S // 2
        change = int(wanted[hour]) - len(working)
        tired = sum(1 for _, since_s in working if change_s - since_s >= MOST_SHIFT_S)
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
