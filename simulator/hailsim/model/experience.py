"""What the history days tell, forecasts apart: where within a zone people hail, what a trip brings, where taxis wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.model.calendar import History, factors
from hailsim.model.city import City, RoadClass
from hailsim.model.demand import fare_minor
from hailsim.model.road import Road

# So many pickups' worth of "as its length says" stands against a link's own record.
SHARE_PRIOR_PICKUPS = 10.0
FARE_PRIOR_TRIPS = 20.0


@dataclass(frozen=True, slots=True)
class Experience:
    """Facts from the history days.

    link_share: float64[L] share of its zone's pickups, adding up to 1 in every zone where one can hail, 0 on expressways.
    reward: float32[L] expected fare of a pickup in mean fares. mean_fare_minor: the city's mean. start_weight: float64[L] where
    vacant taxis are to be expected (pickups of the history).
    """

    link_share: NDArray[np.float64]
    reward: NDArray[np.float32]
    mean_fare_minor: float
    start_weight: NDArray[np.float64]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.link_share.nbytes + self.reward.nbytes + self.start_weight.nbytes


def learn_experience(city: City, road: Road, history: History) -> Experience:
    """Read the history days' trips.

    Raises BadInput: there is no trip in the history.
    """
    trips = city.trips
    first, last = (history.first - city.first_day).days, (history.last - city.first_day).days
    here = slice(*(int(place) for place in np.searchsorted(trips.day, (first, last + 1))))
    link = road.link_of[trips.pickup_link[here]].astype(np.int64)
    if len(link) == 0:
        raise refuse("the history must hold a trip", f"{history.first}..{history.last}", city.name, "Take more history days.")
    hourly = np.stack([factors(city, day) for day in history.days()]).astype(np.float64)
    ride_s = trips.drive_freeflow_s[here] * hourly[trips.day[here] - first, trips.appears_s[here] // 3600]
    fares = fare_minor(city, trips.distance_m[here].astype(np.float64), np.rint(ride_s).astype(np.int64)).astype(np.float64)
    pickups = np.bincount(link, minlength=road.links).astype(np.float64)
    share = _link_share(road, pickups)
    return Experience(
        link_share=share,
        reward=_reward(road, link, fares),
        mean_fare_minor=float(fares.mean()),
        start_weight=np.bincount(road.zone, pickups)[road.zone] * share,
    )


def _link_share(road: Road, pickups: NDArray[np.float64]) -> NDArray[np.float64]:
    length_m = np.where(road.road_class == RoadClass.EXPRESS, 0.0, road.length_m)
    zone_m = np.bincount(road.zone, length_m)[road.zone]
    by_length = np.divide(length_m, zone_m, out=np.zeros(road.links), where=zone_m > 0)
    weight = np.where(length_m > 0, pickups, 0.0) + SHARE_PRIOR_PICKUPS * by_length
    total = np.bincount(road.zone, weight)[road.zone]
    return np.divide(weight, total, out=np.zeros(road.links), where=total > 0)


def _reward(road: Road, link: NDArray[np.int64], fares: NDArray[np.float64]) -> NDArray[np.float32]:
    mean = fares.mean()
    zones = road.zones
    zone_trips = np.bincount(road.zone[link], minlength=zones)
    zone_fare = (np.bincount(road.zone[link], fares, minlength=zones) + FARE_PRIOR_TRIPS * mean) / (
        zone_trips + FARE_PRIOR_TRIPS
    )
    trips = np.bincount(link, minlength=road.links)
    link_sum = np.bincount(link, fares, minlength=road.links)
    fare = (link_sum + FARE_PRIOR_TRIPS * zone_fare[road.zone]) / (trips + FARE_PRIOR_TRIPS)
    reward: NDArray[np.float32] = (fare / mean).astype(np.float32)
    return reward
