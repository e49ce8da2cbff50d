"""Policies that taxis were sent by before there was a recommender, as plans that hailsim's kernels play."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from hailsim.kernels.arrays import PlanArrays
from hailsim.model.city import RoadClass
from hailsim.model.random_streams import indices, random_uniform
from hailsim.model.routing_graph import RoutingGraph
from hailsim.planner.behaviour import FLOW_PER_S, GAMMA_PER_MINUTE, WAIT_S

DESTINATIONS = 400
DESTINATION_KEY = 7
# exp(-30) is never drawn with 16 bits.
NEVER = 30.0


def hotspot_greedy(plan: PlanArrays, graph: RoutingGraph) -> PlanArrays:
    """Always the turn that leads best to where pickups are expected: the observed drivers' equation without its softness.

    Demand counts by zone and length of road, and nobody thinks of other taxis: with rate and inverse wait both multiplied by a
    large number, the flow of vacant taxis no longer matters beside them.
    """
    large = np.float32(1e6)
    hailable_m = np.where(graph.road_class == RoadClass.EXPRESS, 0.0, graph.length_m)
    zone_m = np.maximum(np.bincount(graph.zone, hailable_m), 1.0)
    log_discount_per_s = np.float32(np.log(GAMMA_PER_MINUTE) / 60.0)
    turn_s = np.append(graph.turn_s[:4], 0)[graph.turns]
    return plan._replace(
        zone_rate=plan.zone_rate * large,
        link_share=(hailable_m / zone_m[graph.zone]).astype(np.float32),
        inverse_wait_per_s=np.float32(large * (1.0 / WAIT_S + FLOW_PER_S)),
        log_discount_per_s=log_discount_per_s,
        turn_cost=np.zeros_like(plan.turn_cost),
        turn_discount=np.exp(float(log_discount_per_s) * turn_s).astype(np.float32),
        inverse_temperature=np.float32(2000.0),
    )


def fixed_turns(plan: PlanArrays, graph: RoutingGraph, chance: NDArray[np.float64]) -> PlanArrays:
    """Turns drawn with `chance` float64[L, 4]: a turn is worth the logarithm of its own, whatever lies behind it."""
    used = graph.successors < graph.links
    cost = np.where(chance > 0, -np.log(np.where(chance > 0, chance, 1.0)), NEVER)
    return plan._replace(
        zone_rate=np.zeros_like(plan.zone_rate),
        turn_discount=np.where(used, 0.0, 1.0).astype(np.float32),
        turn_cost=np.where(used, cost, 0.0).astype(np.float32),
        inverse_temperature=np.float32(1.0),
    )


def random_walk(graph: RoutingGraph) -> NDArray[np.float64]:
    """Every turn alike."""
    used = graph.successors < graph.links
    return used / used.sum(axis=1, keepdims=True)


def random_destination(graph: RoutingGraph) -> NDArray[np.float64]:
    """Turns in proportion to how many fastest ways between random links take them (a taxi does not remember its destination).

    Ways from every link to DESTINATIONS links drawn by length; a turn that none of them takes is not taken, unless none passes
    the link at all.
    """
    links = graph.links
    used = graph.successors < links
    begin, slot = np.nonzero(used)
    end = graph.successors[begin, slot].astype(np.int64)
    seconds = graph.turn_s[graph.turns[begin, slot]] + graph.freeflow_s[end]
    backwards = csr_matrix((seconds, (end, begin)), shape=(links, links))
    reached = np.cumsum(graph.length_m)
    drawn = np.searchsorted(reached, random_uniform(DESTINATION_KEY, indices(DESTINATIONS)) * reached[-1])
    slot_of = {(int(a), int(b)): int(k) for a, b, k in zip(begin, end, slot, strict=True)}
    taken = np.zeros((links, 4))
    for goal in drawn:
        distance, ahead = dijkstra(backwards, indices=int(goal), return_predecessors=True)
        flow = np.ones(links)
        for link in np.argsort(-distance, kind="stable"):
            if ahead[link] >= 0:
                flow[ahead[link]] += flow[link]
                taken[link, slot_of[int(link), int(ahead[link])]] += flow[link]
    passed = taken.sum(axis=1, keepdims=True)
    return np.where(passed > 0, taken / np.maximum(passed, 1.0), random_walk(graph))
