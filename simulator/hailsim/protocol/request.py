"""Typed requests: valid dates, covered days, parameters within their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from hailsim.faults import BadInput, Fault
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario
from hailsim.planner.parameters import PlannerParameters, read_parameters


@dataclass(frozen=True, slots=True)
class Request:
    """One request, validated except against its city (see `check_against`).

    city: a folder or a bundled name. Each of the days is simulated with each of the seeds, in that order.
    """

    id: str
    city: str
    scenario: Scenario
    days: tuple[date, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RoutesRequest:
    """A request for routes: a request for a single day and seed, plus the options of routes.

    `places` are (longitude, latitude) in degrees, `hours` are local clock hours.
    """

    request: Request
    chances_by: PlannerParameters
    hours: tuple[int, ...]
    starts: int
    locations: tuple[tuple[float, float], ...]
    duration_s: int
    include_roads: bool


def read_request(message: Mapping[str, Any]) -> Request:
    """Parse a schema-conforming message.

    Raises BadInput listing all faults of parameters, settings and dates.
    """
    faults: list[Fault] = []

    def read_date(text: str, place: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            faults.append(Fault("a day must be a date that exists", text, place, "Write YYYY-MM-DD."))
            return date.min

    days = tuple(read_date(text, f"days[{number}]") for number, text in enumerate(message["days"]))
    history = History(*(read_date(message["history"][end], f"history.{end}") for end in ("first", "last")))
    parameters, settings = None, None
    try:
        parameters = read_parameters(message["parameters"])
    except BadInput as bad:
        faults += bad.faults
    try:
        settings = read_settings(message["settings"])
    except BadInput as bad:
        faults += bad.faults
    if faults or parameters is None or settings is None:
        raise BadInput(faults)
    seeds = tuple(int(seed) for seed in message["seeds"])
    scenario = Scenario(parameters, settings, message["forecast"], history)
    return Request(message["id"], message["city"], scenario, days, seeds)


def read_routes_request(message: Mapping[str, Any]) -> RoutesRequest:
    """Parse a schema-conforming routes message.

    Raises BadInput listing all faults of both parameter sets, settings and dates.
    """
    faults: list[Fault] = []
    request, chances_by = None, None
    try:
        request = read_request({**message, "days": [message["day"]], "seeds": [message["seed"]]})
    except BadInput as bad:
        faults += bad.faults
    try:
        chances_by = read_parameters(message["chances_by"])
    except BadInput as bad:
        faults += [replace(fault, place=fault.place.replace("parameters", "chances_by", 1)) for fault in bad.faults]
    if message["starts"] + len(message["places"]) == 0:
        faults.append(
            Fault("a route must have a start", "no start and no place", "starts", "Set `starts` or list a place in `places`.")
        )
    if faults or request is None or chances_by is None:
        raise BadInput(faults)
    locations = tuple((float(lon_deg), float(lat_deg)) for lon_deg, lat_deg in message["places"])
    hours = tuple(int(hour) for hour in message["hours"])
    return RoutesRequest(
        request, chances_by, hours, int(message["starts"]), locations, int(message["duration_s"]), bool(message["roads"])
    )


def check_against(request: Request, city: City) -> None:
    """Check that every day is covered and lies after a covered history.

    Raises BadInput listing all faults.
    """
    cover = f"{city.first_day}..{city.last_day}"
    remedy = f"{city.name} covers {cover}."
    history = request.scenario.history
    faults = [
        Fault("every day must be covered by the city's records", day.isoformat(), "days", remedy)
        for day in request.days
        if not city.first_day <= day <= city.last_day
    ]
    if history.first > history.last:
        value = f"{history.first}..{history.last}"
        faults.append(Fault("history.first <= history.last must hold", value, "history", "Swap them."))
    elif not (city.first_day <= history.first and history.last <= city.last_day):
        value = f"{history.first}..{history.last}"
        faults.append(Fault("the history must be covered by the city's records", value, "history", remedy))
    faults += [
        Fault(
            "every day must lie after the history",
            day.isoformat(),
            "days",
            f"The history ends on {history.last}: a forecast must not be trained on days it is judged on.",
        )
        for day in request.days
        if day <= history.last
    ]
    if faults:
        raise BadInput(faults)
