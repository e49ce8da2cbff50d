"""One taxi's day as a self-contained HTML map with a time slider; the page makes no network requests."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from string import Template
from typing import Any

from hailsim import __version__
from hailsim.html_page import html_page
from hailsim.kernels.arrays import APPEARS_S
from hailsim.model.world import World
from hailsim.routes.coordinates import end_coordinates, middle_coordinates, road_lines
from hailsim.routes.fastest_path import fastest_path
from hailsim.routes.replay import ShiftEnd, ShiftStart, Stand, TracedDay, Trip, TurnInto
from hailsim.routes.trace_lines import Totals, clock, totals_of

UNITS_PER_DEGREE = 100_000
LonLat = tuple[float, float]


@dataclass(slots=True)
class _Leg:
    """A vacant or occupied part of the day: the taxi's positions over time."""

    kind: str
    points: list[LonLat] = field(default_factory=list)
    at_s: list[int] = field(default_factory=list)

    def add(self, at_s: int, point: LonLat) -> None:
        self.at_s.append(at_s)
        self.points.append(point)


def trace_page(traced: TracedDay, world: World, day: date) -> str:
    """The HTML page, to be written as UTF-8. Trips are drawn along the fastest path, scaled to their duration."""
    legs = list(_legs(traced, world))
    origin = legs[0].points[0] if legs else end_coordinates(world, 0)
    data = {
        "origin": list(origin),
        "roads": [
            encode(list(zip(line[0::2], line[1::2], strict=True)), origin) for part in road_lines(world) for line in part
        ],
        "legs": [{"kind": leg.kind, "line": encode(leg.points, origin), "at": leg.at_s} for leg in legs],
        "moments": list(_moments(traced, world)),
        "begins": world.city.day_start_hour * 3600,
    }
    folder = files("hailsim.maps")
    script = "\n".join(folder.joinpath(name).read_text("utf-8") for name in ("map.js", "trace.js"))
    title = f"Taxi {traced.taxi}, {world.city.name}, {day:%A} {day.isoformat()}"
    body = Template(folder.joinpath("trace.html").read_text("utf-8")).substitute(
        title=html.escape(title),
        subtitle=html.escape(_subtitle(traced, totals_of(traced, world), world)),
        data=json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        version=html.escape(__version__),
    )
    return html_page(title=title, style=folder.joinpath("map.css").read_text("utf-8"), body=body, script=script)


def encode(points: list[LonLat], origin: LonLat) -> list[int]:
    """A line as integer offsets from the origin: the first point absolute, the others as differences."""
    units = [
        round((degrees - start) * UNITS_PER_DEGREE) for point in points for degrees, start in zip(point, origin, strict=True)
    ]
    return units[:2] + [after - before for before, after in zip(units, units[2:], strict=False)]


def _legs(traced: TracedDay, world: World) -> Iterator[_Leg]:
    vacant = _Leg("vacant")
    for event in traced.events:
        match event:
            case ShiftStart():
                vacant = _Leg("vacant")
            case TurnInto(at_s=at_s, before=before):
                vacant.add(at_s, end_coordinates(world, before))
            case Stand(at_s=at_s, link=link):
                vacant.add(at_s, middle_coordinates(world, link))
            case Trip(at_s=at_s, link=link):
                vacant.add(at_s, middle_coordinates(world, link))
                yield vacant
                yield _ride(event, world)
                vacant = _Leg("vacant")
            case ShiftEnd(at_s=at_s, link=link):
                if vacant.at_s and vacant.at_s[-1] < at_s:
                    vacant.add(at_s, end_coordinates(world, link))
                    yield vacant


def _ride(event: Trip, world: World) -> _Leg:
    """An occupied leg: the fastest path, scaled to the duration of the trip."""
    leg = _Leg("occupied", [middle_coordinates(world, event.link)], [event.at_s])
    leg.add(event.at_link_end_s, end_coordinates(world, event.link))
    links, free_s = fastest_path(world.graph, event.link, event.destination)
    drive_s = event.free_s - event.at_link_end_s
    for link, so_far_s in zip(links, free_s, strict=True):
        leg.add(event.at_link_end_s + round(drive_s * so_far_s / free_s[-1]), end_coordinates(world, link))
    leg.at_s[-1] = event.free_s
    return leg


def _moments(traced: TracedDay, world: World) -> Iterator[dict[str, Any]]:
    """The entries of the list beside the map, each with its second."""
    customers, fare = traced.outcome.customers, world.city.fare
    for event in traced.events:
        match event:
            case ShiftStart(at_s=at_s):
                yield _moment(world, at_s, "shift begins", "")
            case Trip():
                waited_min = (event.at_s - int(customers.arrays.wait[event.customer, APPEARS_S])) / 60
                money = int(customers.fare_minor[event.customer]) / fare.minor_per_major
                ride_min = (event.free_s - event.at_s) / 60
                detail = f"the customer waited {waited_min:.0f} min; {ride_min:.0f} min ride, {fare.currency} {money:.2f}"
                yield _moment(world, event.at_s, "pickup", detail)
            case ShiftEnd(at_s=at_s, day_ends=day_ends):
                yield _moment(world, at_s, "the day ends" if day_ends else "shift ends", "")
            case TurnInto() | Stand():
                pass


def _moment(world: World, at_s: int, name: str, detail: str) -> dict[str, Any]:
    return {"at": at_s, "clock": clock(world.city, at_s)[:5], "name": name, "detail": detail}


def _subtitle(traced: TracedDay, totals: Totals, world: World) -> str:
    fare = world.city.fare
    who = "follows the recommendation" if traced.outcome.fleet.follower[traced.taxi] else "drives as observed cabs do"
    busy = 100.0 * totals.busy_s / totals.duty_s if totals.duty_s else 0.0
    return (
        f"{who} · {totals.trips} trips, {fare.currency} {totals.revenue_minor / fare.minor_per_major:,.2f} · "
        f"{totals.duty_s / 3600:.1f} h on shift, {busy:.0f} % occupied · "
        f"{totals.empty_m / 1000:.0f} km vacant, {totals.occupied_m / 1000:.0f} km occupied"
    )
