"""The loop over one operating day: plan a half-hour slot, move the taxis, record where they went, plan the next slot.

Glossary: see `arrays`, `records`, `planning` and `movement`. The steps are separate functions so that
`hailsim.model.stepwise` can inspect a day between them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from hailsim.kernels.arrays import SLOT_S, SLOTS, SLOTS_PER_HOUR, PlanningArrays
from hailsim.kernels.movement import end_day, move, place_taxis
from hailsim.kernels.planning import UNREACHABLE, set_chances, set_choice, set_discount, sweep
from hailsim.kernels.records import record_entries, set_behaviour, set_queues, set_recommendation, set_travel_times

# The first plan of a day starts from scratch, and so does one with other parameters; later ones start from their predecessor.
# Twelve sweeps every time earn no more.
FIRST_SWEEPS = 12
SWEEPS = 4
# Weight of the previous value in the smoothed flow at each slot. Without smoothing (0), taxis herd.
SMOOTHING = np.float32(0.5)
PER_SLOT = np.float32(1.0 / SLOT_S)


@njit(cache=True)
def start_day(record, moving, customers, fleet, plan):
    """Initialise the customer queues, the taxis and an empty plan."""
    links = len(record) - 1
    value = np.zeros(links + 1, np.float32)
    value[links] = UNREACHABLE
    gain, keep, discount = np.empty(links, np.float32), np.empty(links, np.float32), np.empty(links, np.float32)
    flow_per_s = np.full(links, plan.start_flow_per_s)
    link_s = np.empty(links, np.int32)
    cumulative, worth = np.empty((3, links), np.uint16), np.empty((4, links), np.float32)
    set_queues(record, customers)
    place_taxis(moving, fleet)
    return PlanningArrays(value, gain, keep, discount, flow_per_s, link_s, cumulative, worth)


@njit(cache=True)
def plan_slot(slot, planning, record, network, fleet, plan, switched=False):
    """Plan one slot: update travel times and observed behaviour on the hour, then chances, values and recommendations.

    `switched`: the slot before had other parameters, so the plan must be found from further away.
    """
    if slot % SLOTS_PER_HOUR == 0:
        hour = slot // SLOTS_PER_HOUR
        set_travel_times(record, planning.link_s, network, network.factor[hour], fleet.stand_per_s)
        set_behaviour(record, plan.behaviour[hour])
    if slot % SLOTS_PER_HOUR == 0 or switched:
        set_discount(planning.discount, planning.link_s, plan.log_discount_per_s)
    value, gain, keep = planning.value, planning.gain, planning.keep
    rate, flow, wait = plan.zone_rate[slot], planning.flow_per_s, plan.inverse_wait_per_s
    set_chances(gain, keep, planning.discount, flow, rate, network.zone, plan.link_share, plan.reward, wait)
    sweeps = FIRST_SWEEPS if slot == 0 or switched else SWEEPS
    sweep(value, gain, keep, network.successors, plan.turn_cost, plan.turn_discount, sweeps)
    temper = plan.inverse_temperature
    set_choice(planning.cumulative, planning.worth, value, network.successors, plan.turn_cost, plan.turn_discount, temper)
    set_recommendation(record, planning.cumulative)


@njit(cache=True)
def advance_slot(slot, record, moving, customers, fleet, outcome, key):
    """Move the taxis through one slot; returns the number of events."""
    return move(moving, record, customers, fleet, outcome, key, slot * SLOT_S, (slot + 1) * SLOT_S)


@njit(cache=True)
def record_slot(planning, record, outcome):
    """Update the smoothed flow of vacant taxis and the day's entry counts after a slot."""
    record_entries(record, planning.flow_per_s, outcome.entries, SMOOTHING, PER_SLOT)


@njit(cache=True)
def simulate_day(record, moving, network, customers, fleet, plans, plan_of_slot, outcome, key):
    """Simulate the day into `outcome`; `record` and `moving` must be zeroed. Returns the number of events.

    `plan_of_slot` uint8[48] says which of the two `plans` each slot uses.
    """
    planning = start_day(record, moving, customers, fleet, plans[plan_of_slot[0]])
    events = 0
    for slot in range(SLOTS):
        switched = slot > 0 and plan_of_slot[slot] != plan_of_slot[slot - 1]
        plan_slot(slot, planning, record, network, fleet, plans[plan_of_slot[slot]], switched)
        events += advance_slot(slot, record, moving, customers, fleet, outcome, key)
        record_slot(planning, record, outcome)
    end_day(moving, outcome)
    return events
