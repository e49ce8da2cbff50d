"""One operating day: plan, let the taxis move for half an hour, learn where they went, plan again.

Glossary: see `arrays`, `records`, `planning` and `movement`, which this module only strings together. The parts are functions
of their own, so that somebody may look at a day between them (`hailsim.model.watching`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hailsim.kernels.arrays import SLOT_S, SLOTS, SLOTS_PER_HOUR
from hailsim.kernels.movement import come_home, move, set_out
from hailsim.kernels.planning import UNREACHABLE, set_chances, set_choice, set_discount, sweep
from hailsim.kernels.records import set_behaviour, set_queues, set_recommendation, set_travel_times, take_entries

# The first plan of a day starts from nothing, the others from the one before. Twelve sweeps each time earn the same.
FIRST_SWEEPS = 12
SWEEPS = 4
# Share of the old value in the smoothed flow at each half hour. Raw flow (0) makes taxis herd.
SMOOTHING = np.float32(0.5)
PER_SLOT = np.float32(1.0 / SLOT_S)


class PlanningArrays(NamedTuple):
    """What the recommender works with during a day, L links; names as in `planning` and `records`.

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


@njit(cache=True)
def begin_day(record, moving, customers, fleet, plan):
    """Queues and taxis at the day's first second, and a plan that expects nothing yet."""
    links = len(record) - 1
    value = np.zeros(links + 1, np.float32)
    value[links] = UNREACHABLE
    gain, keep, discount = np.empty(links, np.float32), np.empty(links, np.float32), np.empty(links, np.float32)
    flow_per_s = np.full(links, plan.start_flow_per_s)
    link_s = np.empty(links, np.int32)
    cumulative, worth = np.empty((3, links), np.uint16), np.empty((4, links), np.float32)
    set_queues(record, customers)
    set_out(moving, fleet)
    return PlanningArrays(value, gain, keep, discount, flow_per_s, link_s, cumulative, worth)


@njit(cache=True)
def plan_slot(slot, planning, record, road, fleet, plan):
    """Plan the half hour: travel times and habits of a new hour, chances, values, and what is recommended."""
    if slot % SLOTS_PER_HOUR == 0:
        hour = slot // SLOTS_PER_HOUR
        set_travel_times(record, planning.link_s, road, road.factor[hour], fleet.stand_per_s)
        set_discount(planning.discount, planning.link_s, plan.log_discount_per_s)
        set_behaviour(record, plan.behaviour[hour])
    value, gain, keep = planning.value, planning.gain, planning.keep
    rate, flow, wait = plan.zone_rate[slot], planning.flow_per_s, plan.inverse_wait_per_s
    set_chances(gain, keep, planning.discount, flow, rate, road.zone, plan.link_share, plan.reward, wait)
    sweeps = FIRST_SWEEPS if slot == 0 else SWEEPS
    sweep(value, gain, keep, road.successors, plan.turn_cost, plan.turn_discount, sweeps)
    temper = plan.inverse_temperature
    set_choice(planning.cumulative, planning.worth, value, road.successors, plan.turn_cost, plan.turn_discount, temper)
    set_recommendation(record, planning.cumulative)


@njit(cache=True)
def play_slot(slot, record, moving, customers, fleet, outcome, key):
    """Let the taxis move for the half hour; returns the number of events."""
    return move(moving, record, customers, fleet, outcome, key, slot * SLOT_S, (slot + 1) * SLOT_S)


@njit(cache=True)
def learn_slot(planning, record, outcome):
    """Learn where vacant taxis went in the half hour, and count them."""
    take_entries(record, planning.flow_per_s, outcome.entries, SMOOTHING, PER_SLOT)


@njit(cache=True)
def simulate_day(record, moving, road, customers, fleet, plan, outcome, key):
    """Run the day into `outcome`; `record` and `moving` come zeroed. Returns the number of events."""
    planning = begin_day(record, moving, customers, fleet, plan)
    events = 0
    for slot in range(SLOTS):
        plan_slot(slot, planning, record, road, fleet, plan)
        events += play_slot(slot, record, moving, customers, fleet, outcome, key)
        learn_slot(planning, record, outcome)
    come_home(moving, outcome)
    return events
