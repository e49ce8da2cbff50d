"""Simulate a day slot by slot with access to the intermediate state: same kernels, same integers, same order.

The compiled `simulate_day` is fast because it discards intermediate plans. This module runs the same loop over half-hour slots
in Python, for callers that need plans or the state of a single taxi.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import RECORD_COLUMNS, SLOTS, OutcomeArrays, PlanningArrays, cache_aligned
from hailsim.kernels.day import advance_slot, plan_slot, record_slot, start_day
from hailsim.kernels.movement import MovingArrays, end_day
from hailsim.model.simulation import DayOutcome, PreparedDay, empty_moving, empty_outcome


@dataclass(frozen=True, slots=True)
class SlotState:
    """The state at the end of a slot, before its flow is recorded.

    `record` (`kernels.arrays`) and `planning` (`kernels.day`) applied during the slot; `moving` and `outcome` are the state at
    its end. The arrays are not copies: the next slot overwrites them.
    """

    slot: int
    record: NDArray[np.uint32]
    planning: PlanningArrays
    moving: MovingArrays
    outcome: OutcomeArrays


class StepwiseDay:
    """One day. Iterate over `slots` to the end, then read `outcome`."""

    def __init__(self, day: PreparedDay, links: int) -> None:
        taxis = len(day.fleet.follower)
        self._day = day
        self._record: NDArray[np.uint32] = cache_aligned((links + 1, RECORD_COLUMNS), np.uint32)
        self._moving = empty_moving(taxis)
        self._arrays = empty_outcome(day.customers, taxis, links)
        self._events: int | None = None

    def slots(self) -> Iterator[SlotState]:
        """Simulate the day, yielding after every slot."""
        day, record, moving, outcome = self._day, self._record, self._moving, self._arrays
        customers, fleet, key, events = day.customers.arrays, day.fleet.arrays, np.uint64(day.key), 0
        planning = PlanningArrays(*start_day(record, moving, customers, fleet, day.plan))
        for slot in range(SLOTS):
            plan_slot(slot, planning, record, day.graph, fleet, day.plan)
            events += int(advance_slot(slot, record, moving, customers, fleet, outcome, key))
            yield SlotState(slot, record, planning, moving, outcome)
            record_slot(planning, record, outcome)
        end_day(moving, outcome)
        self._events = events

    @property
    def outcome(self) -> DayOutcome:
        """The result. Raises ValueError before the end of the day."""
        if self._events is None:
            raise ValueError("all slots must be simulated before the outcome is read")
        return DayOutcome(self._day.customers, self._day.fleet, self._arrays, self._day.fallback_slots, self._events)
