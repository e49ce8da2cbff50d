"""Turn choices of cabs without a recommendation: drawn to past pickups, unaware of competing cabs.

A hotspot-attraction softmax: the recommender's value iteration over the mean pickup density of zones and hours (drivers know
areas, not streets), with a constant flow of vacant cabs instead of the observed one. It does not depend on the request, so that
tuned and untuned recommendations are compared with the same drivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import SLOT_S, SLOTS_PER_HOUR
from hailsim.kernels.planning import UNREACHABLE, set_chances, set_choice, set_discount, sweep
from hailsim.model.calendar import HOURS
from hailsim.model.city import RoadClass, Turn
from hailsim.model.routing_graph import RoutingGraph

# Estimated jointly with `standing_share` from San Francisco's vacant runs of 2008-05-17 to 05-24, to match search durations by
# hour and overall, and the number and locations of pickups (`benchmarks/hailsim_behaviour.py`).
GAMMA_PER_MINUTE = 0.97
WAIT_S = 200.0
FLOW_PER_S = 0.02
TURN_COST = {Turn.STRAIGHT: 0.0, Turn.RIGHT: 0.02, Turn.LEFT: 0.04, Turn.U_TURN: 0.2, Turn.NONE: 0.0}
TEMPERATURE = 0.04
SWEEPS = 16


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Choices of observed cabs on one type of day: uint16[24, 3, L] cumulative thresholds by hour of the operating day."""

    cumulative: NDArray[np.uint16]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.cumulative.nbytes


def observed_behaviour(
    graph: RoutingGraph, zone_pickups: NDArray[np.float64], reward: NDArray[np.float32], factor: NDArray[np.float32]
) -> Behaviour:
    """Choices from the mean pickups float64[48, Z] of one type of day and its travel-time factors float32[24]."""
    links = graph.links
    value = np.zeros(links + 1, np.float32)
    value[links] = UNREACHABLE
    gain, keep, discount = (np.empty(links, np.float32) for _ in range(3))
    flow_per_s = np.full(links, FLOW_PER_S, np.float32)
    hailable_m = np.where(graph.road_class == RoadClass.EXPRESS, 0.0, graph.length_m)
    zone_m = np.maximum(np.bincount(graph.zone, hailable_m), 1.0)
    density = (hailable_m / zone_m[graph.zone]).astype(np.float32)
    log_discount_per_s = np.float32(np.log(GAMMA_PER_MINUTE) / 60.0)
    turn_cost = np.array([TURN_COST[turn] for turn in Turn], np.float32)
    turn_discount = np.exp(float(log_discount_per_s) * graph.turn_s.astype(np.float64)).astype(np.float32)
    turn_discount[Turn.NONE] = 1.0
    turn_cost, turn_discount = turn_cost[graph.turns], turn_discount[graph.turns]
    hourly = zone_pickups.reshape(HOURS, SLOTS_PER_HOUR, -1).mean(axis=1) / SLOT_S
    cumulative, worth = np.empty((HOURS, 3, links), np.uint16), np.empty((4, links), np.float32)
    inverse_temperature = np.float32(1.0 / TEMPERATURE)
    for hour in range(HOURS):
        link_s = np.maximum(1, np.rint(graph.freeflow_s * factor[hour])).astype(np.int32)
        set_discount(discount, link_s, log_discount_per_s)
        rate = hourly[hour].astype(np.float32)
        set_chances(gain, keep, discount, flow_per_s, rate, graph.zone, density, reward, np.float32(1.0 / WAIT_S))
        sweep(value, gain, keep, graph.successors, turn_cost, turn_discount, SWEEPS)
        set_choice(cumulative[hour], worth, value, graph.successors, turn_cost, turn_discount, inverse_temperature)
    return Behaviour(cumulative)
