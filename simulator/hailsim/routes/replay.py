"""The events of one taxi's day, reconstructed by replaying the taxi alongside the kernels.

For speed, the kernels record no events. However, a taxi's turns are a function of the recommendations, its number and the
second, and the outcome tells which customers it served and when. The replay follows the taxi in plain Python and checks after
every slot that it is on the same link as in the kernels.
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
from hailsim.model.random_streams import mix64
from hailsim.model.routing_graph import RoutingGraph
from hailsim.model.simulation import DayOutcome, PreparedDay
from hailsim.model.stepwise import SlotState, StepwiseDay


@dataclass(frozen=True, slots=True)
class ShiftStart:
    """The taxi begins its shift at the end of `link`."""

    at_s: int
    link: int


@dataclass(frozen=True, slots=True)
class TurnInto:
    """The vacant taxi turns from `before` into `link`; `followed` tells whether the recommendation decided."""

    at_s: int
    before: int
    link: int
    turn: Turn
    followed: bool
    at_end_s: int


@dataclass(frozen=True, slots=True)
class Stand:
    """The vacant taxi stops to stand.

    at_s: second of the operating day. link: where it stands, in the order of `hailsim.model.routing_graph`.
    """

    at_s: int
    link: int


@dataclass(frozen=True, slots=True)
class Trip:
    """The taxi picks up `customer` (index) in the middle of `link` and drops off at the end of `destination`."""

    at_s: int
    link: int
    customer: int
    at_link_end_s: int
    destination: int
    free_s: int


@dataclass(frozen=True, slots=True)
class ShiftEnd:
    """The shift ends at the end of `link`, either as scheduled or because the day ends."""

    at_s: int
    link: int
    day_ends: bool


Event = ShiftStart | TurnInto | Stand | Trip | ShiftEnd


@dataclass(slots=True)
class _Taxi:
    """The replayed taxi: at the end of `link`, with its next event at `due_s` (None if there is none)."""

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
    """The events of one taxi in order, and the outcome of the day."""

    taxi: int
    events: tuple[Event, ...]
    outcome: DayOutcome


def trace_taxi(day: PreparedDay, graph: RoutingGraph, taxi: int) -> TracedDay:
    """Trace a taxi through the day.

    Raises RuntimeError if the replay contradicts the kernels, because then neither can be trusted.
    """
    stepwise = StepwiseDay(day, graph.links)
    replay = _Replay(day, graph, taxi)
    events: list[Event] = []
    for state in stepwise.slots():
        events += replay.slot_events(state)
    events += replay.end_day()
    _check_agreement(taxi, events, stepwise.outcome)
    return TracedDay(taxi, tuple(events), stepwise.outcome)


class _Replay:
    def __init__(self, day: PreparedDay, graph: RoutingGraph, taxi: int) -> None:
        fleet = day.fleet.arrays
        shifts = [(int(start), int(end)) for start, end in fleet.shifts[taxi] if start < DAY_S]
        self._taxi = _Taxi(taxi, int(fleet.start_link[taxi]), int(fleet.follows[taxi]), shifts)
        self._day, self._graph = day, graph
        self._await_shift(-1)

    def slot_events(self, state: SlotState) -> Iterator[Event]:
        """The events of the slot that the kernels have just simulated."""
        taxi, end_s = self._taxi, (state.slot + 1) * SLOT_S
        taken = self._customers_of(state.outcome.wait)
        while taxi.due_s is not None and taxi.due_s < end_s:
            now_s = taxi.due_s
            if now_s == taxi.on_since_s:
                yield ShiftStart(now_s, taxi.link)
            if now_s >= taxi.shift_end_s:
                yield ShiftEnd(now_s, taxi.link, day_ends=False)
                self._await_shift(now_s)
                continue
            yield from self._act(now_s, state, taken)
        found = int(state.moving.taxi[taxi.number, LINK])
        if found != taxi.link:
            where = f"taxi {taxi.number} after slot {state.slot}"
            raise RuntimeError(f"{where} is on link {found}, its replay on {taxi.link}")

    def end_day(self) -> Iterator[Event]:
        """Close a shift still open at the end of the day."""
        if self._taxi.on_since_s is not None:
            yield ShiftEnd(max(DAY_S, self._taxi.last_free_s), self._taxi.link, day_ends=True)

    def _await_shift(self, now_s: int) -> None:
        taxi = self._taxi
        taxi.due_s = taxi.on_since_s = None
        taxi.stands = False
        if taxi.shifts:
            start_s, taxi.shift_end_s = taxi.shifts.pop(0)
            taxi.due_s = taxi.on_since_s = max(now_s + 1, start_s)

    def _act(self, now_s: int, state: SlotState, taken: Mapping[tuple[int, int], int]) -> Iterator[Event]:
        """Decide at the end of a link: stand, pick up a customer, or drive on."""
        taxi, record = self._taxi, state.record
        draw = mix64(self._day.key + now_s * int(ODD_A) + taxi.number * int(ODD_B))
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
        branch = sum(((int(record[taxi.link, POLICY + k]) >> half) & 0xFFFF) <= chance for k in range(3))
        step = int(record[taxi.link, NEXT + branch])
        link, at_end_s = step & MAX_LINKS, now_s + (step >> LINK_BITS)
        yield TurnInto(now_s, taxi.link, link, Turn(int(self._graph.turns[taxi.link, branch])), followed, at_end_s)
        pickup_s = at_end_s - int(record[link, HALF_S])
        customer = taken.get((link, pickup_s))
        taxi.link, taxi.due_s = link, at_end_s
        if customer is not None:
            yield self._ride(customer, pickup_s, link, at_end_s)

    def _ride(self, customer: int, pickup_s: int, link: int, at_link_end_s: int) -> Trip:
        """Drive a customer from the middle of `link` to the destination."""
        taxi, trip = self._taxi, self._day.customers.arrays.trip[customer]
        taxi.link, free_s = int(trip[DESTINATION]), at_link_end_s + int(trip[DRIVE_S])
        taxi.due_s = taxi.last_free_s = free_s
        taxi.stands = False
        return Trip(pickup_s, link, customer, at_link_end_s, taxi.link, free_s)

    def _customers_of(self, wait: NDArray[np.int32]) -> dict[tuple[int, int], int]:
        """Customers served by this taxi so far, by link and second of the pickup."""
        taken = np.flatnonzero(wait[:, LEAVES_S] == -1 - self._taxi.number)
        links = self._day.customers.link
        return {(int(links[each]), int(wait[each, PICKUP_S])): int(each) for each in taken}


def _check_agreement(taxi: int, events: list[Event], outcome: DayOutcome) -> None:
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
