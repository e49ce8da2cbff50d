"""Routes, for simulators that offer them: what drivers would be told, from junction to junction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from tunegate_simulator.city import City
from tunegate_simulator.day import Day
from tunegate_simulator.declarations import Argument, Parameter, Value
from tunegate_simulator.errors import BrokenPromise, Fault, Refused, shorten
from tunegate_simulator.requests import Checklist, check_keys, check_seed, read_history, read_section, read_values

HardTurn = Literal["L", "R"]
_REQUIRED = ("contract", "ask", "id", "city", "parameters", "chances_by", "day", "seed", "forecast", "history", "settings",
             "hours", "starts", "places", "duration_s", "roads")  # fmt: skip


@dataclass(frozen=True, slots=True)
class RoutesRequest:
    """Routes to draw on `day`: one for every hour and every start, `starts` sampled ones first, then the `places` (lon, lat).

    `chances_by` are the parameters whose model tells pickup chances, the same for both arms of a comparison.
    """

    id: str
    city: str
    parameters: Mapping[str, Value]
    chances_by: Mapping[str, Value]
    settings: Mapping[str, Value]
    day: Day
    hours: tuple[int, ...]
    starts: int
    places: tuple[tuple[float, float], ...]
    duration_s: int
    roads: bool

    @property
    def expected(self) -> set[tuple[int, int]]:
        """Hour and number of every start."""
        return {(hour, start) for hour in self.hours for start in range(self.starts + len(self.places))}


@dataclass(frozen=True, slots=True)
class Route:
    """One vacant taxi. With n links: n + 1 points and seconds; see the contract for what each column means."""

    hour: int
    start: int
    at_s: Sequence[int]
    lon: Sequence[float]
    lat: Sequence[float]
    links: Sequence[str]
    turns: str
    length_m: Sequence[float]
    chance: Sequence[float]
    outside: Sequence[int] = ()


def read_routes_request(message: Mapping[str, Any], arguments: Sequence[Argument], city: City) -> RoutesRequest:
    """A decoded routes request. Raises Refused."""
    checks = Checklist()
    check_keys(checks, message, _REQUIRED)
    check_seed(checks, message["seed"], "seed")
    for name in ("hours", "places"):
        checks.require(isinstance(message[name], list), f"{name} must be a list", repr(message[name]), name)
    for name in ("starts", "duration_s"):
        checks.require(type(message[name]) is int, f"{name} must be a whole number", repr(message[name]), name)
    checks.finish()
    checks.require(message["starts"] + len(message["places"]) > 0, "a route must begin somewhere", "no start", "starts")
    parameters, settings = read_values(checks, message, arguments)
    tuned = [each for each in arguments if isinstance(each.spec, Parameter)]
    chances_by = read_section(checks, message["chances_by"], tuned, "chances_by")
    history, on = read_history(checks, message), checks.day(message["day"], "day")
    checks.finish()
    _check_cover(city, on)
    return RoutesRequest(
        id=message["id"],
        city=message["city"],
        parameters=parameters,
        chances_by=chances_by,
        settings=settings,
        day=Day(on, message["seed"], city, message["forecast"], history),
        hours=tuple(message["hours"]),
        starts=message["starts"],
        places=tuple((float(lon), float(lat)) for lon, lat in message["places"]),
        duration_s=message["duration_s"],
        roads=bool(message["roads"]),
    )


def route_lines(request: RoutesRequest, routes: Iterable[Route]) -> Iterator[dict[str, Any]]:
    """The `route` lines. Raises BrokenPromise for a route that is not sound, was not asked for, or is missing."""
    missing = request.expected
    for route in routes:
        place = f"route of hour {route.hour}, start {route.start}"
        if (route.hour, route.start) not in missing:
            raise _broken("each hour and start of the request must be answered once", place, "routes")
        missing.remove((route.hour, route.start))
        _check_route(route, place)
        yield {
            "type": "route",
            "id": request.id,
            "hour": route.hour,
            "start": route.start,
            "at_s": list(route.at_s),
            "lon": list(route.lon),
            "lat": list(route.lat),
            "links": list(route.links),
            "turns": route.turns,
            "length_m": list(route.length_m),
            "chance": list(route.chance),
            "outside": list(route.outside),
        }
    if missing:
        raise _broken("each hour and start of the request must be answered", f"{len(missing)} missing", "routes")


def _check_cover(city: City, on: date) -> None:
    if not city.first_day <= on <= city.last_day:
        cover = f"`{city.name}` covers {city.first_day} to {city.last_day}."
        raise Refused(Fault("a day must be covered by the city", str(on), "day", cover))


def _check_route(route: Route, place: str) -> None:
    count = len(route.links)
    lengths = {"at_s": count + 1, "lon": count + 1, "lat": count + 1, "turns": count, "length_m": count, "chance": count}
    for name, length in lengths.items():
        if count < 1 or len(getattr(route, name)) != length:
            raise _broken(f"`{name}` of a route of {count} links must have {length} entries", len(getattr(route, name)), place)
    if route.at_s[0] != 0 or any(after < before for before, after in pairwise(route.at_s)):
        raise _broken("seconds of a route must begin with 0 and never fall", list(route.at_s), place)
    if route.turns[0] != "-" or set(route.turns[1:]) - set("SRLU"):
        raise _broken("turns must be `-` and then letters of S, R, L, U", route.turns, place)
    if not all(0 <= chance <= 1 for chance in route.chance):
        raise _broken("chances must be from 0 to 1", list(route.chance), place)
    if not all(-180 <= lon <= 180 for lon in route.lon) or not all(-90 <= lat <= 90 for lat in route.lat):
        raise _broken("points must be longitudes and latitudes in degrees", f"{route.lon}, {route.lat}", place)
    if any(not 0 <= number < count for number in route.outside):
        raise _broken("links outside the service area must be links of the route", list(route.outside), place)


def _broken(rule: str, value: object, place: str) -> BrokenPromise:
    return BrokenPromise(Fault(rule, shorten(value), place, "Correct the routes function."))
