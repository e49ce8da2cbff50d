"""A simulated day in the figures that records give of a real one (`hailsim.model.observed`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import DRIVE_S, LEAVES_S, PICKUP_S, SEARCH_S
from hailsim.model.calendar import factors
from hailsim.model.city import SECONDS_PER_DAY, City
from hailsim.model.demand import drive_s, recorded_orders
from hailsim.model.observed import BIN_M, BIN_S, HOURS, METRE_BINS, SECOND_BINS, CabDay, Tally, tally
from hailsim.model.road import Road
from hailsim.model.simulation import DayOutcome

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Pickups:
    """Where and when trips began: by_hour int64[24] of the operating day, by_zone int64[Z]."""

    by_hour: NDArray[np.int64]
    by_zone: NDArray[np.int64]


def recorded_pickups(city: City, road: Road, day: date) -> Pickups:
    """Those of the city's trips on one day."""
    orders = recorded_orders(city, road, day)
    return _pickups(road, orders.appears_s, orders.link)


def recorded_drives(city: City, road: Road, day: date) -> tuple[Tally, Tally]:
    """Seconds and metres that the recorded trips take in the model: its traffic and ways alone, whoever is served."""
    orders = recorded_orders(city, road, day)
    seconds = drive_s(city, day, orders.appears_s, orders.freeflow_s)
    return tally(seconds, BIN_S, SECOND_BINS), tally(orders.distance_m, BIN_M, METRE_BINS)


def simulated_pickups(outcome: DayOutcome, road: Road) -> Pickups:
    """Those of the customers served."""
    served = np.flatnonzero(outcome.arrays.wait[:, LEAVES_S] < 0)
    return _pickups(road, outcome.arrays.wait[served, PICKUP_S], outcome.customers.link[served])


def _pickups(road: Road, second: NDArray[np.int32] | NDArray[np.int64], link: NDArray[np.int32] | NDArray[np.int64]) -> Pickups:
    # The last taxi to enter a link may reach its customer seconds after the day's end.
    hour = np.minimum(second // HOUR_S, HOURS - 1)
    return Pickups(np.bincount(hour, minlength=HOURS), np.bincount(road.zone[link], minlength=road.zones))


def simulated_day(outcome: DayOutcome, city: City, road: Road, day: date, traffic_factor: float = 1.0) -> CabDay:
    """What the fleet did, counted as `hailsim import` counts what cabs did; `traffic_factor` as it was simulated with."""
    wait, link = outcome.arrays.wait, outcome.customers.link
    served = np.flatnonzero(wait[:, LEAVES_S] < 0)
    taxi = -1 - wait[served, LEAVES_S].astype(np.int64)
    begins_s, search_s = wait[served, PICKUP_S].astype(np.int64), wait[served, SEARCH_S].astype(np.int64)
    hour = np.minimum(begins_s // HOUR_S, HOURS - 1)
    # From the middle of the pickup link to its end, and on from there; the kernel rounds the same way.
    link_s = np.maximum(1, np.rint(road.freeflow_s[link[served]] * factors(city, day, traffic_factor)[hour])).astype(np.int64)
    trip_s = link_s // 2 + outcome.customers.arrays.trip[served, DRIVE_S]
    half_m = road.length_m[link[served]] / 2.0
    occupied_s = seconds_by_hour(begins_s, begins_s + trip_s)
    sought = search_s >= 0
    return CabDay(
        day=day,
        cabs=int(outcome.fleet.on_duty.sum()),
        occupied_s=occupied_s,
        vacant_s=np.maximum(_duty_by_hour(outcome, taxi, begins_s, begins_s + trip_s) - occupied_s, 0.0),
        vacant_m=float(outcome.arrays.entries @ road.length_m - half_m.sum()),
        searches=np.bincount(hour[sought], minlength=HOURS),
        search_sum_s=np.bincount(hour[sought], search_s[sought], minlength=HOURS).astype(np.float64),
        search_s=tally(search_s[sought], BIN_S, SECOND_BINS),
        trip_s=tally(trip_s, BIN_S, SECOND_BINS),
        trip_m=tally(outcome.customers.distance_m[served] + half_m, BIN_M, METRE_BINS),
    )


def seconds_by_hour(from_s: NDArray[np.int64], to_s: NDArray[np.int64]) -> NDArray[np.float64]:
    """Seconds of intervals in each hour of the day, float64[24]; what lies outside the day is left out."""
    edges = np.arange(HOURS + 1) * HOUR_S
    ends = np.clip(to_s[:, None], edges[:-1], edges[1:])
    begins = np.clip(from_s[:, None], edges[:-1], edges[1:])
    seconds: NDArray[np.float64] = np.maximum(ends - begins, 0).sum(axis=0).astype(np.float64)
    return seconds


def _duty_by_hour(
    outcome: DayOutcome, taxi: NDArray[np.int64], begins_s: NDArray[np.int64], ends_s: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Seconds on shift: the shifts as planned, and the last trip of each driven to its end."""
    shifts = outcome.fleet.arrays.shifts.astype(np.int64)
    worked = shifts[shifts[:, :, 0] < SECONDS_PER_DAY]
    own = shifts[taxi]
    begun = (own[:, :, 0] <= begins_s[:, None]).sum(axis=1) - 1
    shift_end_s = own[np.arange(len(taxi)), np.maximum(begun, 0), 1]
    late = ends_s > shift_end_s
    over = seconds_by_hour(np.maximum(shift_end_s, begins_s)[late], ends_s[late])
    return seconds_by_hour(worked[:, 0], worked[:, 1]) + over
