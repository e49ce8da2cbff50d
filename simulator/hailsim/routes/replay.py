"""One taxi's day, event by event: replayed beside the kernels while they play the day.

The kernels keep no events, which is why they are fast. But a taxi's turns are a function of what was recommended, of its number
and of the second, and the day's outcome says which customers it took and when. So its way is followed here half hour by half
hour in plain Python, and must end each of them on the very link where the kernels have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import (
    DAY_S,
    DESTINATION,
    DRIVE_S,
    HALF_S,
    LEAVES_S,
    LINK_BITS,
    MAX_LINKS,
    NEXT,
    PICKUP_S,
    POLICY,
    SLOT_S,
    STAND,
)
from hailsim.kernels.hashing import ODD_A, ODD_B
from hailsim.kernels.movement import LINK, STAND_S, STAYS
from hailsim.model.city import Turn
from hailsim.model.keys import mix_one
from hailsim.model.road import Road
from hailsim.model.simulation import DayOutcome, PreparedDay
from hailsim.model.watching import HalfHour, WatchedDay


@dataclass(frozen=True, slots=True)
class ShiftStart:
    """The taxi stands at the end of `link` and begins to search."""

    at_s: int
    link: int


@dataclass(frozen=True, slots=True)
class TurnInto:
    """Vacant, it turns from `before` into `link`; `followed` the recommendation, or as observed cabs turn."""

    at_s: int
    before: int
    link: int
    turn: Turn
    followed: bool
    at_end_s: int


@dataclass(frozen=True, slots=True)
class Stand:
    """Vacant, it stops on `link` to stand there for a while."""

    at_s: int
    link: int


@dataclass(frozen=True, slots=True)
class Trip:
    """In the middle of `link` it takes `customer` (index in the day's customers), and is free at the end of `destination`."""

    at_s: int
    link: int
    customer: int
    at_link_end_s: int
    destination: int
    free_s: int


@dataclass(frozen=True, slots=True)
class ShiftEnd:
    """At the end of `link` the shift is over, or the day; `day_ends` says which."""

    at_s: int
    link: int
    day_ends: bool


Event = ShiftStart | TurnInto | Stand | Trip | ShiftEnd


@dataclass(slots=True)
class _Taxi:
    """Where the replay stands: at the end of `link`, to act at `due_s` (None: no more today)."""

    number: int
    link: int
    follows: int
    shifts: list[tuple[int, int]]
    due_s: int | None = None
    shift_end_s: int = 0
    on_since_s: int | None = None
    last_free_s: int = 0
    stands: bool = False


@dataclass(frozen=True, slots=True)
class TracedDay:
    """The events of one taxi in order, and the day they are from."""

    taxi: int
    events: tuple[Event, ...]
    outcome: DayOutcome


def trace_taxi(day: PreparedDay, road: Road, taxi: int) -> TracedDay:
    """Follow a taxi through the day.

    Raises RuntimeError when replay and kernels contradict each other: one of them is wrong then, and neither may be shown.
    """
    watched = WatchedDay(day, road.links)
    replay = _Replay(day, road, taxi)
    events: list[Event] = []
    for half_hour in watched.half_hours():
        events += replay.half_hour(half_hour)
    events += replay.come_home()
    _must_agree(taxi, events, watched.outcome)
    return TracedDay(taxi, tuple(events), watched.outcome)


class _Replay:
    def __init__(self, day: PreparedDay, road: Road, taxi: int) -> None:
        fleet = day.fleet.arrays
        shifts = [(int(start), int(end)) for start, end in fleet.shifts[taxi] if start < DAY_S]
        self._taxi = _Taxi(taxi, int(fleet.start_link[taxi]), int(fleet.follows[taxi]), shifts)
        self._day, self._road = day, road
        self._begin_shift(-1)

    def half_hour(self, half_hour: HalfHour) -> Iterator[Event]:
        """The events of a half hour that the kernels have just played."""
        taxi, end_s = self._taxi, (half_hour.slot + 1) * SLOT_S
        taken = self._customers_of(half_hour.outcome.wait)
        while taxi.due_s is not None and taxi.due_s < end_s:
            now_s = taxi.due_s
            if now_s == taxi.on_since_s:
                yield ShiftStart(now_s, taxi.link)
            if now_s >= taxi.shift_end_s:
                yield ShiftEnd(now_s, taxi.link, day_ends=False)
                self._begin_shift(now_s)
                continue
            yield from self._act(now_s, half_hour, taken)
        found = int(half_hour.moving.taxi[taxi.number, LINK])
        if found != taxi.link:
            where = f"taxi {taxi.number} after half hour {half_hour.slot}"
            raise RuntimeError(f"{where} is on link {found}, its replay on {taxi.link}")

    def come_home(self) -> Iterator[Event]:
        """What the end of the day cuts off."""
        if self._taxi.on_since_s is not None:
            yield ShiftEnd(max(DAY_S, self._taxi.last_free_s), self._taxi.link, day_ends=True)

    def _begin_shift(self, now_s: int) -> None:
        taxi = self._taxi
        taxi.due_s = taxi.on_since_s = None
        taxi.stands = False
        if taxi.shifts:
            start_s, taxi.shift_end_s = taxi.shifts.pop(0)
            taxi.due_s = taxi.on_since_s = max(now_s + 1, start_s)

    def _act(self, now_s: int, half_hour: HalfHour, taken: Mapping[tuple[int, int], int]) -> Iterator[Event]:
        """At the end of a link: stand, take who comes there, or drive on."""
        taxi, record = self._taxi, half_hour.record
        draw = mix_one(self._day.key + now_s * int(ODD_A) + taxi.number * int(ODD_B))
        luck = (draw >> 16) & 0xFFFF
        if not (taxi.stands or luck < int(record[taxi.link, STAND])):
            yield from self._turn(now_s, draw, record, taken)
            return
        if not taxi.stands:
            yield Stand(now_s, taxi.link)
        taxi.stands = not taxi.stands or luck < STAYS
        taxi.due_s = now_s + (STAND_S if taxi.stands else 1)
        customer = taken.get((taxi.link, now_s))
        if customer is not None:
            yield self._ride(customer, now_s, taxi.link, now_s + int(record[taxi.link, HALF_S]))

    def _turn(self, now_s: int, draw: int, record: NDArray[np.uint32], taken: Mapping[tuple[int, int], int]) -> Iterator[Event]:
        taxi = self._taxi
        followed = (draw >> 48) < taxi.follows
        chance = (((draw >> 32) & 0xFFFF) * 65_535) >> 16
        half = 0 if followed else 16
        way = sum(((int(record[taxi.link, POLICY + k]) >> half) & 0xFFFF) <= chance for k in range(3))
        step = int(record[taxi.link, NEXT + way])
        link, at_end_s = step & MAX_LINKS, now_s + (step >> LINK_BITS)
        yield TurnInto(now_s, taxi.link, link, Turn(int(self._road.turns[taxi.link, way])), followed, at_end_s)
        pickup_s = at_end_s - int(record[link, HALF_S])
        customer = taken.get((link, pickup_s))
        taxi.link, taxi.due_s = link, at_end_s
        if customer is not None:
            yield self._ride(customer, pickup_s, link, at_end_s)

    def _ride(self, customer: int, pickup_s: int, link: int, at_link_end_s: int) -> Trip:
        """With a customer from the middle of `link` to the destination."""
        taxi, trip = self._taxi, self._day.customers.arrays.trip[customer]
        taxi.link, free_s = int(trip[DESTINATION]), at_link_end_s + int(trip[DRIVE_S])
        taxi.due_s = taxi.last_free_s = free_s
        taxi.stands = False
        return Trip(pickup_s, link, customer, at_link_end_s, taxi.link, free_s)

    def _customers_of(self, wait: NDArray[np.int32]) -> dict[tuple[int, int], int]:
        """The customers this taxi has taken so far, by link and second of the pickup."""
        taken = np.flatnonzero(wait[:, LEAVES_S] == -1 - self._taxi.number)
        links = self._day.customers.link
        return {(int(links[each]), int(wait[each, PICKUP_S])): int(each) for each in taken}


def _must_agree(taxi: int, events: list[Event], outcome: DayOutcome) -> None:
    wait = outcome.arrays.wait
    trips = [event for event in events if isinstance(event, Trip)]
    duty_s = sum(event.at_s for event in events if isinstance(event, ShiftEnd))
    duty_s -= sum(event.at_s for event in events if isinstance(event, ShiftStart))
    replayed = (
        sorted(event.customer for event in trips),
        duty_s,
        sum(event.free_s - event.at_s for event in trips),
    )
    counted = (
        np.flatnonzero(wait[:, LEAVES_S] == -1 - taxi).tolist(),
        int(outcome.arrays.duty_s[taxi]),
        int(outcome.arrays.busy_s[taxi]),
    )
    if replayed != counted:
        raise RuntimeError(f"taxi {taxi}: customers, seconds on shift and occupied are {counted}, its replay has {replayed}")
