"""A traced day as JSON lines: one per event, and totals that match the day's metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, assert_never

import numpy as np

from hailsim.kernels.arrays import APPEARS_S, LEAVES_S
from hailsim.model.city import City
from hailsim.model.simulation import DayOutcome
from hailsim.model.world import World
from hailsim.routes.coordinates import end_coordinates, middle_coordinates
from hailsim.routes.replay import Event, ShiftEnd, ShiftStart, Stand, TracedDay, Trip, TurnInto

TYPICAL = "typical"


@dataclass(frozen=True, slots=True)
class Totals:
    """One taxi's totals of the day.

    followed: turns decided by the recommendation. duty_s: seconds on shift; busy_s: those with a customer. empty_m
    includes the half of each pickup link before the customer, occupied_m the other half.
    """

    turns: int
    followed: int
    trips: int
    revenue_minor: int
    duty_s: int
    busy_s: int
    empty_m: float
    occupied_m: float


def typical_taxi(outcome: DayOutcome) -> int:
    """The taxi with the median revenue among followers on shift (among all on shift if there are no followers)."""
    fleet = outcome.fleet
    group = fleet.on_duty & fleet.follower
    taxis = np.flatnonzero(group if group.any() else fleet.on_duty)
    served = np.flatnonzero(outcome.arrays.wait[:, LEAVES_S] < 0)
    driver = -1 - outcome.arrays.wait[served, LEAVES_S]
    revenue = np.bincount(driver, outcome.customers.fare_minor[served], minlength=len(fleet.follower))[taxis]
    return int(taxis[np.argsort(revenue, kind="stable")[(len(taxis) - 1) // 2]])


def totals_of(traced: TracedDay, world: World) -> Totals:
    """Sum the events."""
    customers, graph = traced.outcome.customers, world.graph
    turns = [event for event in traced.events if isinstance(event, TurnInto)]
    trips = [event for event in traced.events if isinstance(event, Trip)]
    starts_s = sum(event.at_s for event in traced.events if isinstance(event, ShiftStart))
    ends_s = sum(event.at_s for event in traced.events if isinstance(event, ShiftEnd))
    half_m = sum(float(graph.length_m[event.link]) for event in trips) / 2.0
    return Totals(
        turns=len(turns),
        followed=sum(event.followed for event in turns),
        trips=len(trips),
        revenue_minor=sum(int(customers.fare_minor[event.customer]) for event in trips),
        duty_s=ends_s - starts_s,
        busy_s=sum(event.free_s - event.at_s for event in trips),
        empty_m=sum(float(graph.length_m[event.link]) for event in turns) - half_m,
        occupied_m=sum(float(customers.distance_m[event.customer]) for event in trips) + half_m,
    )


def event_lines(traced: TracedDay, world: World, day: date, seed: int) -> Iterator[dict[str, Any]]:
    """The header, every event in order, and the totals."""
    fleet = traced.outcome.fleet
    yield {
        "event": "taxi",
        "taxi": traced.taxi,
        "city": world.city.name,
        "day": day.isoformat(),
        "seed": seed,
        "follows_recommendation": bool(fleet.follower[traced.taxi]),
        "currency": world.city.fare.currency,
        "minor_per_major": world.city.fare.minor_per_major,
    }
    for event in traced.events:
        yield from _lines(event, traced, world)
    totals = totals_of(traced, world)
    yield {"event": "totals", **{name: getattr(totals, name) for name in Totals.__dataclass_fields__}}


def _lines(event: Event, traced: TracedDay, world: World) -> Iterator[dict[str, Any]]:
    city = world.city
    match event:
        case ShiftStart(at_s=at_s, link=link):
            yield _line("shift_start", city, at_s, end_coordinates(world, link))
        case TurnInto(at_s=at_s, before=before, link=link, turn=turn, followed=followed):
            fields = {"link": str(world.graph.city_link[link]), "turn": turn.name.lower(), "followed": followed}
            yield _line("turn", city, at_s, end_coordinates(world, before), **fields)
        case Stand(at_s=at_s, link=link):
            yield _line("stand", city, at_s, middle_coordinates(world, link))
        case Trip():
            yield from _trip(event, traced, world)
        case ShiftEnd(at_s=at_s, link=link, day_ends=day_ends):
            yield _line("day_end" if day_ends else "shift_end", city, at_s, end_coordinates(world, link))
        case _:
            assert_never(event)


def _trip(event: Trip, traced: TracedDay, world: World) -> Iterator[dict[str, Any]]:
    customers, city = traced.outcome.customers, world.city
    waited_s = event.at_s - int(customers.arrays.wait[event.customer, APPEARS_S])
    yield _line("pickup", city, event.at_s, middle_coordinates(world, event.link), customer=event.customer, waited_s=waited_s)
    yield _line(
        "dropoff",
        city,
        event.free_s,
        end_coordinates(world, event.destination),
        customer=event.customer,
        fare_minor=int(customers.fare_minor[event.customer]),
        occupied_s=event.free_s - event.at_s,
    )


def _line(name: str, city: City, at_s: int, point: tuple[float, float], **fields: object) -> dict[str, Any]:
    return {"event": name, "at_s": at_s, "clock": clock(city, at_s), "lon": point[0], "lat": point[1], **fields}


def clock(city: City, at_s: int) -> str:
    """Local time HH:MM:SS of a second of the operating day."""
    seconds = (city.day_start_hour * 3600 + at_s) % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
