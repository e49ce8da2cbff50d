"""Statistics of the history days besides forecasts: pickup shares within zones, expected fares, start links of taxis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.model.calendar import History, factors
from hailsim.model.city import City, RoadClass
from hailsim.model.demand import fare_minor
from hailsim.model.routing_graph import RoutingGraph

# Prior strengths: pickups distributed by length against a link's own record; trips at the zone's mean fare.
SHARE_PRIOR_PICKUPS = 10.0
FARE_PRIOR_TRIPS = 20.0


@dataclass(frozen=True, slots=True)
class HistoryStatistics:
    """Statistics of the history days.

    link_share: float64[L] share of the zone's pickups, summing to 1 in every zone with a hailable link, 0 on expressways.
    reward: float32[L] expected fare of a pickup in mean fares. start_weight: float64[L] relative density
    of vacant taxis (pickups of the history).
    """

    link_share: NDArray[np.float64]
    reward: NDArray[np.float32]
    start_weight: NDArray[np.float64]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.link_share.nbytes + self.reward.nbytes + self.start_weight.nbytes


def summarise_history(city: City, graph: RoutingGraph, history: History) -> HistoryStatistics:
    """Summarise the trips of the history days.

    Raises BadInput: the history has no trip.
    """
    trips = city.trips
    first, last = (history.first - city.first_day).days, (history.last - city.first_day).days
    rows = slice(*(int(row) for row in np.searchsorted(trips.day, (first, last + 1))))
    link = graph.link_of_city_link[trips.pickup_link[rows]].astype(np.int64)
    if len(link) == 0:
        raise refuse("the history must contain a trip", f"{history.first}..{history.last}", city.name, "Use more history days.")
    hourly = np.stack([factors(city, day) for day in history.days()]).astype(np.float64)
    ride_s = trips.drive_freeflow_s[rows] * hourly[trips.day[rows] - first, trips.appears_s[rows] // 3600]
    fares = fare_minor(city, trips.distance_m[rows].astype(np.float64), np.rint(ride_s).astype(np.int64)).astype(np.float64)
    pickups = np.bincount(link, minlength=graph.links).astype(np.float64)
    share = _link_share(graph, pickups)
    return HistoryStatistics(
        link_share=share,
        reward=_reward(graph, link, fares),
        start_weight=np.bincount(graph.zone, pickups)[graph.zone] * share,
    )


def _link_share(graph: RoutingGraph, pickups: NDArray[np.float64]) -> NDArray[np.float64]:
    length_m = np.where(graph.road_class == RoadClass.EXPRESS, 0.0, graph.length_m)
    zone_m = np.bincount(graph.zone, length_m)[graph.zone]
    by_length = np.divide(length_m, zone_m, out=np.zeros(graph.links), where=zone_m > 0)
    weight = np.where(length_m > 0, pickups, 0.0) + SHARE_PRIOR_PICKUPS * by_length
    total = np.bincount(graph.zone, weight)[graph.zone]
    return np.divide(weight, total, out=np.zeros(graph.links), where=total > 0)


def _reward(graph: RoutingGraph, link: NDArray[np.int64], fares: NDArray[np.float64]) -> NDArray[np.float32]:
    mean = fares.mean()
    zones = graph.zones
    zone_trips = np.bincount(graph.zone[link], minlength=zones)
    zone_fare = (np.bincount(graph.zone[link], fares, minlength=zones) + FARE_PRIOR_TRIPS * mean) / (
        zone_trips + FARE_PRIOR_TRIPS
    )
    trips = np.bincount(link, minlength=graph.links)
    link_sum = np.bincount(link, fares, minlength=graph.links)
    fare = (link_sum + FARE_PRIOR_TRIPS * zone_fare[graph.zone]) / (trips + FARE_PRIOR_TRIPS)
    reward: NDArray[np.float32] = (fare / mean).astype(np.float32)
    return reward
