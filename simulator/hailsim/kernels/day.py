"""One operating day: plan, let the taxis move for half an hour, learn where they went, plan again.

Glossary: see `arrays`, `records`, `planning` and `movement`, which this module only strings together.
"""

from __future__ import annotations

import numpy as np
from numba import njit

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


@njit(cache=True)
def simulate_day(record, moving, road, customers, fleet, plan, outcome, key):
    """Run the day into `outcome`; `record` and `moving` come zeroed. Returns the number of events."""
    links = len(road.zone)
    value = np.zeros(links + 1, np.float32)
    value[links] = UNREACHABLE
    gain, keep, discount = np.empty(links, np.float32), np.empty(links, np.float32), np.empty(links, np.float32)
    flow_per_s = np.full(links, plan.start_flow_per_s)
    link_s = np.empty(links, np.int32)
    cumulative, worth = np.empty((3, links), np.uint16), np.empty((4, links), np.float32)
    set_queues(record, customers)
    set_out(moving, fleet)
    events = 0
    for slot in range(SLOTS):
        if slot % SLOTS_PER_HOUR == 0:
            hour = slot // SLOTS_PER_HOUR
            set_travel_times(record, link_s, road, road.factor[hour])
            set_discount(discount, link_s, plan.log_discount_per_s)
            set_behaviour(record, plan.behaviour[hour])
        rate = plan.zone_rate[slot]
        set_chances(gain, keep, discount, flow_per_s, rate, road.zone, plan.link_share, plan.reward, plan.inverse_wait_per_s)
        sweeps = FIRST_SWEEPS if slot == 0 else SWEEPS
        sweep(value, gain, keep, road.successors, plan.turn_cost, plan.turn_discount, sweeps)
        temper = plan.inverse_temperature
        set_choice(cumulative, worth, value, road.successors, plan.turn_cost, plan.turn_discount, temper)
        set_recommendation(record, cumulative)
        events += move(moving, record, customers, fleet, outcome, key, slot * SLOT_S, (slot + 1) * SLOT_S)
        take_entries(record, flow_per_s, outcome.entries, SMOOTHING, PER_SLOT)
    come_home(moving, outcome)
    return events
