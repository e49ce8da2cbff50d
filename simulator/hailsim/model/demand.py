"""The customers of an operating day: recorded trips, scaled by the latent factor, each with an individual patience.

Recorded trips are served customers; those who gave up left no record. A latent factor f >= 1 keeps every recorded trip and adds
floor(f) - 1 copies of it, plus one with probability f - floor(f). A copy appears within a quarter of an hour of the original,
up to two links upstream; its path is the original's plus those links, which avoids a path search. f < 1 thins the trips.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from math import floor

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import APPEARS_S, DESTINATION, DRIVE_S, LEAVES_S, CustomerArrays
from hailsim.model.calendar import factors
from hailsim.model.city import SECONDS_PER_DAY, City
from hailsim.model.random_streams import Stream, indices, random_uniform, stream_key
from hailsim.model.routing_graph import RoutingGraph

JITTER_S = 900
# Stride of the customer numbers of one trip's copies, so that a larger factor adds customers without changing others.
MAX_COPIES = 16


@dataclass(frozen=True, slots=True)
class Customers:
    """The C customers of one day, sorted by link, then time. `arrays`: the kernels' view.

    link: int32[C]. fare_minor: int64[C]. distance_m: float64[C] from the end of the pickup link. digest: "sha256:…" over
    link, time, patience, destination, drive time and fare, in city link numbers.
    """

    arrays: CustomerArrays
    link: NDArray[np.int32]
    fare_minor: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    digest: str

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(array.nbytes for array in (*self.arrays, self.link, self.fare_minor, self.distance_m))

    @property
    def appears_s(self) -> NDArray[np.int32]:
        """When each customer starts waiting, int32[C]."""
        return self.arrays.wait[:, APPEARS_S]

    @property
    def leaves_s(self) -> NDArray[np.int32]:
        """When each customer's patience ends, int32[C]."""
        return self.arrays.wait[:, LEAVES_S]


@dataclass(frozen=True, slots=True)
class Orders:
    """Requested trips before travel times are known: one entry per customer in each array."""

    number: NDArray[np.uint64]
    appears_s: NDArray[np.int64]
    link: NDArray[np.int64]
    destination: NDArray[np.int64]
    freeflow_s: NDArray[np.float64]
    distance_m: NDArray[np.float64]


def fare_minor(city: City, distance_m: NDArray[np.float64], drive_s: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fare of each trip, rounded to whole minor units."""
    fare = city.fare
    return np.rint(
        fare.flag_fall_minor + fare.per_km_minor * distance_m / 1000.0 + fare.per_minute_minor * drive_s / 60.0
    ).astype(np.int64)


def drive_s(
    city: City, day: date, appears_s: NDArray[np.int64], freeflow_s: NDArray[np.float64], traffic_factor: float = 1.0
) -> NDArray[np.int64]:
    """Drive seconds of each trip in the traffic of its request hour."""
    factor = factors(city, day, traffic_factor).astype(np.float64)
    return np.maximum(1, np.rint(freeflow_s * factor[appears_s // 3600])).astype(np.int64)


def recorded_orders(city: City, graph: RoutingGraph, day: date) -> Orders:
    """The trips recorded on one operating day."""
    trips = city.trips
    index = (day - city.first_day).days
    first, end = np.searchsorted(trips.day, (index, index + 1))
    here = slice(int(first), int(end))
    count = int(end - first)
    return Orders(
        number=indices(count) * np.uint64(MAX_COPIES),
        appears_s=trips.appears_s[here].astype(np.int64),
        link=graph.link_of_city_link[trips.pickup_link[here]].astype(np.int64),
        destination=graph.link_of_city_link[trips.dropoff_link[here]].astype(np.int64),
        freeflow_s=trips.drive_freeflow_s[here].astype(np.float64),
        distance_m=trips.distance_m[here].astype(np.float64),
    )


def draw_customers(
    city: City,
    graph: RoutingGraph,
    day: date,
    seed: int,
    *,
    patience_s: float,
    latent_factor: float,
    traffic_factor: float = 1.0,
) -> Customers:
    """All customers of one day; identical for every arm of a comparison."""
    orders = _scaled(recorded_orders(city, graph, day), graph, day, seed, latent_factor)
    ride_s = drive_s(city, day, orders.appears_s, orders.freeflow_s, traffic_factor)
    u1 = random_uniform(stream_key(Stream.PATIENCE_1, seed, day), orders.number)
    u2 = random_uniform(stream_key(Stream.PATIENCE_2, seed, day), orders.number)
    waits_s = np.ceil(-0.5 * patience_s * (np.log1p(-u1) + np.log1p(-u2))).astype(np.int64)
    fares = fare_minor(city, orders.distance_m, ride_s)
    order = np.lexsort((orders.number, orders.appears_s, orders.link))
    link = orders.link[order].astype(np.int32)
    wait = np.zeros((len(link), 4), np.int32)
    wait[:, APPEARS_S] = orders.appears_s[order]
    wait[:, LEAVES_S] = (orders.appears_s + waits_s)[order]
    trip = np.stack([orders.destination[order], ride_s[order]], axis=1).astype(np.int32)
    first = np.searchsorted(link, np.arange(graph.links + 1)).astype(np.int32)
    fares = np.ascontiguousarray(fares[order])
    destination = graph.city_link[trip[:, DESTINATION]]
    seen = (graph.city_link[link], wait[:, APPEARS_S], wait[:, LEAVES_S], destination, trip[:, DRIVE_S], fares)
    distance_m = np.ascontiguousarray(orders.distance_m[order])
    return Customers(CustomerArrays(first, wait, trip), link, fares, distance_m, _digest(seen))


def _digest(arrays: tuple[NDArray[np.int32] | NDArray[np.int64], ...]) -> str:
    content = hashlib.sha256()
    for array in arrays:
        content.update(array.astype("<i8").tobytes())
    return "sha256:" + content.hexdigest()


def _scaled(recorded: Orders, graph: RoutingGraph, day: date, seed: int, factor: float) -> Orders:
    if factor < 1.0:
        return _select(recorded, random_uniform(stream_key(Stream.THIN, seed, day), recorded.number) < factor)
    parts = [recorded]
    whole = floor(factor)
    for copy in range(1, whole + 1):
        number = recorded.number + np.uint64(copy)
        if copy < whole:
            wanted = np.ones(len(number), bool)
        else:
            wanted = random_uniform(stream_key(Stream.COPY, seed, day), number) < factor - whole
        parts.append(_copies(_select(recorded, wanted), number[wanted], graph, day, seed))
    return Orders(*(np.concatenate([getattr(part, name) for part in parts]) for name in Orders.__dataclass_fields__))


def _select(orders: Orders, wanted: NDArray[np.bool_]) -> Orders:
    return Orders(*(getattr(orders, name)[wanted] for name in Orders.__dataclass_fields__))


def _copies(orders: Orders, number: NDArray[np.uint64], graph: RoutingGraph, day: date, seed: int) -> Orders:
    """Turn orders into copies: new numbers, jittered times, up to two links upstream."""
    jitter = random_uniform(stream_key(Stream.COPY_TIME, seed, day), number)
    appears_s = np.clip(orders.appears_s + np.rint((2.0 * jitter - 1.0) * JITTER_S).astype(np.int64), 0, SECONDS_PER_DAY - 1)
    steps = np.floor(3.0 * random_uniform(stream_key(Stream.COPY_STEPS, seed, day), number)).astype(np.int64)
    link, freeflow_s, distance_m = orders.link.copy(), orders.freeflow_s.copy(), orders.distance_m.copy()
    for step, stream in ((1, Stream.COPY_UPSTREAM_1), (2, Stream.COPY_UPSTREAM_2)):
        choices = graph.upstream_count[link]
        choice = np.floor(random_uniform(stream_key(stream, seed, day), number) * choices).astype(np.int64)
        goes = (steps >= step) & (choices > 0)
        freeflow_s += np.where(goes, graph.freeflow_s[link] + graph.upstream_turn_s[link, choice], 0.0)
        distance_m += np.where(goes, graph.length_m[link], 0.0)
        link = np.where(goes, graph.upstream[link, choice], link)
    return Orders(number, appears_s, link, orders.destination, freeflow_s, distance_m)
