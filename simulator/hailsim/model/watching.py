"""A day that is looked at half hour by half hour while it is played: the same kernels, the same integers, the same order.

The compiled `simulate_day` keeps nothing of what was planned on the way, which is why it is fast. Whoever wants to see plans or
a single taxi plays the day here: only the loop over half hours is Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import RECORD_COLUMNS, SLOTS, OutcomeArrays, cache_aligned
from hailsim.kernels.day import PlanningArrays, begin_day, learn_slot, plan_slot, play_slot
from hailsim.kernels.movement import MovingArrays, come_home
from hailsim.model.simulation import DayOutcome, PreparedDay, empty_moving, empty_outcome


@dataclass(frozen=True, slots=True)
class HalfHour:
    """A half hour just played, before anything is learnt from it.

    `record` (`kernels.arrays`) and `planning` (`kernels.day`) are what taxis went by in it, `moving` and `outcome` how they
    stand now. All are the day's own arrays: the next half hour overwrites them.
    """

    slot: int
    record: NDArray[np.uint32]
    planning: PlanningArrays
    moving: MovingArrays
    outcome: OutcomeArrays


class WatchedDay:
    """One day, played once. Iterate to its end, then ask for the outcome."""

    def __init__(self, day: PreparedDay, links: int) -> None:
        taxis = len(day.fleet.follower)
        self._day = day
        self._record: NDArray[np.uint32] = cache_aligned((links + 1, RECORD_COLUMNS), np.uint32)
        self._moving = empty_moving(taxis)
        self._arrays = empty_outcome(day.customers, taxis, links)
        self._events: int | None = None

    def half_hours(self) -> Iterator[HalfHour]:
        """Play the day; every half hour is seen once, in order."""
        day, record, moving, outcome = self._day, self._record, self._moving, self._arrays
        customers, fleet, key, events = day.customers.arrays, day.fleet.arrays, np.uint64(day.key), 0
        planning = PlanningArrays(*begin_day(record, moving, customers, fleet, day.plan))
        for slot in range(SLOTS):
            plan_slot(slot, planning, record, day.road, fleet, day.plan)
            events += int(play_slot(slot, record, moving, customers, fleet, outcome, key))
            yield HalfHour(slot, record, planning, moving, outcome)
            learn_slot(planning, record, outcome)
        come_home(moving, outcome)
        self._events = events

    @property
    def outcome(self) -> DayOutcome:
        """What the day left behind. Raises ValueError before its end."""
        if self._events is None:
            raise ValueError("the day must be played to its end before its outcome is asked for")
        return DayOutcome(self._day.customers, self._day.fleet, self._arrays, self._day.fallback_slots, self._events)
