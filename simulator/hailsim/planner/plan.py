"""Convert parameters and a forecast to the recommender's input arrays."""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import SLOT_S, PlanArrays
from hailsim.model.city import RoadClass, Turn
from hailsim.model.history_statistics import HistoryStatistics
from hailsim.model.routing_graph import RoutingGraph
from hailsim.planner.behaviour import Behaviour
from hailsim.planner.parameters import PlannerParameters

# Vacant share of active taxis assumed by the first plan of a day; the observed flow replaces it within the hour.
VACANT_AT_START = 0.5


def prepare_plan(
    parameters: PlannerParameters,
    *,
    graph: RoutingGraph,
    history_statistics: HistoryStatistics,
    zone_pickups: NDArray[np.float32],
    behaviour: Behaviour,
    start_flow_per_s: float,
) -> PlanArrays:
    """Convert units: `zone_pickups` float32[48, Z] is the forecast per half hour; percentages become mean fares."""
    weight = np.zeros(len(RoadClass))
    weight[RoadClass.LOCAL] = parameters.road_weight_local
    weight[RoadClass.ARTERIAL] = parameters.road_weight_arterial
    log_discount_per_s = log(parameters.gamma) / 60.0
    turn_cost = np.zeros(len(Turn), np.float32)
    turn_cost[Turn.LEFT] = parameters.turn_weight_left / 100.0
    turn_cost[Turn.RIGHT] = parameters.turn_weight_right / 100.0
    turn_discount = np.array([exp(log_discount_per_s * float(seconds)) for seconds in graph.turn_s], np.float32)
    turn_discount[Turn.NONE] = 1.0
    return PlanArrays(
        zone_rate=np.ascontiguousarray(zone_pickups / np.float32(SLOT_S), np.float32),
        link_share=(history_statistics.link_share * weight[graph.road_class]).astype(np.float32),
        reward=history_statistics.reward,
        turn_cost=turn_cost[graph.turns],
        turn_discount=turn_discount[graph.turns],
        inverse_wait_per_s=np.float32(1.0 / parameters.max_wait_s),
        inverse_temperature=np.float32(100.0 / parameters.temperature),
        log_discount_per_s=np.float32(log_discount_per_s),
        start_flow_per_s=np.float32(start_flow_per_s),
        behaviour=behaviour.cumulative,
    )


def start_flow_per_s(graph: RoutingGraph, factor: NDArray[np.float32], active_taxis: float) -> float:
    """Vacant taxis entering a link per second if VACANT_AT_START of the active taxis are spread evenly."""
    link_s = float((graph.freeflow_s * factor[0]).mean())
    return VACANT_AT_START * active_taxis / (graph.links * max(link_s, 1.0))
