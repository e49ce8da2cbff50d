"""Summarise a simulated day in the same form as recorded days (`hailsim.model.cab_days`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import DRIVE_S, LEAVES_S, PICKUP_S, SEARCH_S
from hailsim.model.cab_days import HOUR_S, HOURS, CabDay, Histogram, histogram_of_metres, histogram_of_seconds, seconds_by_hour
from hailsim.model.calendar import factors
from hailsim.model.city import SECONDS_PER_DAY, City
from hailsim.model.demand import drive_s, recorded_orders
from hailsim.model.routing_graph import RoutingGraph
from hailsim.model.simulation import DayOutcome


@dataclass(frozen=True, slots=True)
class Pickups:
    """Pickups by hour of the operating day, int64[24], and by zone, int64[Z]."""

    by_hour: NDArray[np.int64]
    by_zone: NDArray[np.int64]


def recorded_pickups(city: City, graph: RoutingGraph, day: date) -> Pickups:
    """Pickups of the trips recorded on one day."""
    orders = recorded_orders(city, graph, day)
    return _pickups(graph, orders.appears_s, orders.link)


def recorded_drives(city: City, graph: RoutingGraph, day: date) -> tuple[Histogram, Histogram]:
    """Durations and distances of the recorded trips in the model's traffic and network, regardless of service."""
    orders = recorded_orders(city, graph, day)
    seconds = drive_s(city, day, orders.appears_s, orders.freeflow_s)
    return histogram_of_seconds(seconds), histogram_of_metres(orders.distance_m)


def simulated_pickups(outcome: DayOutcome, graph: RoutingGraph) -> Pickups:
    """Pickups of the customers served."""
    served = np.flatnonzero(outcome.arrays.wait[:, LEAVES_S] < 0)
    return _pickups(graph, outcome.arrays.wait[served, PICKUP_S], outcome.customers.link[served])


def _pickups(
    graph: RoutingGraph, second: NDArray[np.int32] | NDArray[np.int64], link: NDArray[np.int32] | NDArray[np.int64]
) -> Pickups:
    # The last taxi to enter a link may reach its customer seconds after the end of the day.
    hour = np.minimum(second // HOUR_S, HOURS - 1)
    return Pickups(np.bincount(hour, minlength=HOURS), np.bincount(graph.zone[link], minlength=graph.zones))


def simulated_day(outcome: DayOutcome, city: City, graph: RoutingGraph, day: date, traffic_factor: float = 1.0) -> CabDay:
    """The fleet's activity, counted like observed cabs; `traffic_factor` must be that of the simulation."""
    wait, link = outcome.arrays.wait, outcome.customers.link
    served = np.flatnonzero(wait[:, LEAVES_S] < 0)
    taxi = -1 - wait[served, LEAVES_S].astype(np.int64)
    begins_s, search_s = wait[served, PICKUP_S].astype(np.int64), wait[served, SEARCH_S].astype(np.int64)
    hour = np.minimum(begins_s // HOUR_S, HOURS - 1)
    # From the middle of the pickup link to the destination, rounded as in the kernel.
    link_s = np.maximum(1, np.rint(graph.freeflow_s[link[served]] * factors(city, day, traffic_factor)[hour])).astype(np.int64)
    trip_s = link_s // 2 + outcome.customers.arrays.trip[served, DRIVE_S]
    half_m = graph.length_m[link[served]] / 2.0
    occupied_s = seconds_by_hour(begins_s, begins_s + trip_s)
    sought = search_s >= 0
    return CabDay(
        day=day,
        cabs=int(outcome.fleet.on_duty.sum()),
        occupied_s=occupied_s,
        vacant_s=np.maximum(_duty_by_hour(outcome, taxi, begins_s, begins_s + trip_s) - occupied_s, 0.0),
        vacant_m=float(outcome.arrays.entries @ graph.length_m - half_m.sum()),
        searches=np.bincount(hour[sought], minlength=HOURS),
        search_sum_s=np.bincount(hour[sought], search_s[sought], minlength=HOURS).astype(np.float64),
        search_s=histogram_of_seconds(search_s[sought]),
        trip_s=histogram_of_seconds(trip_s),
        trip_m=histogram_of_metres(outcome.customers.distance_m[served] + half_m),
    )


def _duty_by_hour(
    outcome: DayOutcome, taxi: NDArray[np.int64], begins_s: NDArray[np.int64], ends_s: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Seconds on shift by hour: the planned shifts, plus last trips that overrun them."""
    shifts = outcome.fleet.arrays.shifts.astype(np.int64)
    worked = shifts[shifts[:, :, 0] < SECONDS_PER_DAY]
    own = shifts[taxi]
    begun = (own[:, :, 0] <= begins_s[:, None]).sum(axis=1) - 1
    shift_end_s = own[np.arange(len(taxi)), np.maximum(begun, 0), 1]
    late = ends_s > shift_end_s
    over = seconds_by_hour(np.maximum(shift_end_s, begins_s)[late], ends_s[late])
    return seconds_by_hour(worked[:, 0], worked[:, 1]) + over
