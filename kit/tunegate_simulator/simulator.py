"""A simulator: a day function with its description, and its answers to requests as lines of the contract."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tunegate_simulator.city import City
from tunegate_simulator.day import Outcome, day_line, trained_last_day
from tunegate_simulator.declarations import Argument, Metric, Parameter, check_metrics
from tunegate_simulator.errors import DeclarationError, Fault, Refused
from tunegate_simulator.requests import CONTRACT, read_request
from tunegate_simulator.routes import HardTurn, Route, RoutesRequest, read_routes_request, route_lines
from tunegate_simulator.signature import read_signature

Message = dict[str, Any]
DayFunction = Callable[..., Outcome]
RoutesFunction = Callable[[RoutesRequest], Iterable[Route]]
RoadsFunction = Callable[[City], Iterable[Sequence[float]]]
ImportFunction = Callable[[Path, Path], None]
CityLoader = Callable[[str], City]
Cities = City | Sequence[City] | CityLoader


@dataclass(frozen=True, slots=True)
class _Drawing:
    """How routes are drawn, where they are."""

    routes: RoutesFunction
    hard_turn: HardTurn
    roads: RoadsFunction | None


class Simulator:
    """Speaks the simulator contract for a day function. Made by `simulator`; a program ends with `main()`."""

    def __init__(self, name: str, version: str, cities: Cities, metrics: Sequence[Metric], simulate: DayFunction) -> None:
        self.name = f"{name} {version}"
        self.simulate = simulate
        self.arguments: tuple[Argument, ...] = read_signature(simulate)
        self.metrics = check_metrics(tuple(metrics))
        self.import_data: ImportFunction | None = None
        self._identity = {"name": name, "version": version}
        self._cities = _loader(cities)
        self._loaded: dict[str, City] = {}
        self._drawing: _Drawing | None = None

    def routes(self, *, hard_turn: HardTurn, roads: RoadsFunction | None = None) -> Callable[[RoutesFunction], RoutesFunction]:
        """Decorate the function that draws routes. `hard_turn` crosses the oncoming traffic; `roads` are drawn below."""

        def add(function: RoutesFunction) -> RoutesFunction:
            self._drawing = _Drawing(function, hard_turn, roads)
            return function

        return add

    def importer(self, function: ImportFunction) -> ImportFunction:
        """Decorate the function that makes a city folder: `function(source, out)`. It raises Refused for bad data."""
        self.import_data = function
        return function

    def describe(self, city: str | None = None) -> Message:
        """The description. Raises Refused for a city that is not known."""
        tuned = [each.as_message() for each in self.arguments if isinstance(each.spec, Parameter)]
        settings = [each.as_message() for each in self.arguments if not isinstance(each.spec, Parameter)]
        metrics = [
            {"name": each.name, "unit": each.unit, "direction": each.direction, "meaning": each.meaning}
            for each in self.metrics
        ]
        return {
            "contract": CONTRACT,
            "simulator": self._identity,
            "parameters": tuned,
            "metrics": metrics,
            "settings": settings,
            **({} if self._drawing is None else {"routes": True}),
            "city": None if city is None else self.city(city).as_message(),
        }

    def city(self, name: str) -> City:
        """A city by the name requests use, loaded once. Raises Refused."""
        if name not in self._loaded:
            self._loaded[name] = self._cities(name)
        return self._loaded[name]

    def answer(self, message: Mapping[str, Any]) -> Iterator[Message]:
        """The lines that answer a decoded request. Raises Refused, BrokenPromise, and whatever the day function raises."""
        return self._answer_routes(message) if message.get("ask") == "routes" else self._answer_days(message)

    def main(self, argv: Sequence[str] | None = None) -> None:
        """Run the command that `argv` names (those of the program unless given) and exit."""
        from tunegate_simulator.command import run  # noqa: PLC0415 it needs this module

        sys.exit(run(self, sys.argv[1:] if argv is None else list(argv)))

    def _answer_days(self, message: Mapping[str, Any]) -> Iterator[Message]:
        started_s = time.perf_counter()
        request = read_request(message, self.arguments)
        city = self.city(request.city)
        days = request.days_of(city)
        names = frozenset(metric.name for metric in self.metrics)
        learnt: list[date] = []
        for day in days:
            outcome = self.simulate(day, **request.parameters, **request.settings)
            yield day_line(request.id, day, outcome, names)
            learnt.append(trained_last_day(day, outcome))
        facts = self._facts(request.parameters, city, max(learnt), started_s)
        yield {"type": "done", "id": request.id, "days": len(days), **facts}

    def _answer_routes(self, message: Mapping[str, Any]) -> Iterator[Message]:
        started_s = time.perf_counter()
        if self._drawing is None:
            remedy = "Ask only simulators whose description says `routes`."
            raise Refused(Fault("routes must be asked of a simulator that draws some", self.name, "ask", remedy))
        city = self.city(str(message.get("city")))
        request = read_routes_request(message, self.arguments, city)
        lines = list(route_lines(request, self._drawing.routes(request)))
        if request.roads and self._drawing.roads is not None:
            yield {"type": "roads", "id": request.id, "lines": [list(line) for line in self._drawing.roads(city)]}
        yield from lines
        facts = self._facts(request.parameters, city, request.day.history.last, started_s)
        yield {"type": "routed", "id": request.id, "routes": len(lines), "hard_turn": self._drawing.hard_turn, **facts}

    def _facts(self, parameters: Mapping[str, Any], city: City, learnt: date, started_s: float) -> Message:
        return {
            "parameters": dict(parameters),
            "trained_last_day": learnt.isoformat(),
            "city_digest": city.digest,
            "simulator": self.name,
            "compute_s": time.perf_counter() - started_s,
        }


def simulator(name: str, version: str, cities: Cities, metrics: Sequence[Metric] = ()) -> Callable[[DayFunction], Simulator]:
    """Make a simulator of a function `(day: Day, parameter=…, setting=…) -> Outcome`.

    `cities` is one, several, or a function that loads the city of a name (a folder, e.g.) and raises Refused for one it does
    not know. `revenue_minor` is described even where `metrics` leaves it out.
    """

    def make(function: DayFunction) -> Simulator:
        return Simulator(name, version, cities, metrics, function)

    return make


def _loader(cities: Cities) -> CityLoader:
    if callable(cities):
        return cities
    known = {city.name: city for city in ([cities] if isinstance(cities, City) else cities)}
    if not known:
        raise DeclarationError(
            "a simulator must have at least one city", "none", "cities", "Give one, or a function that loads."
        )

    def load(name: str) -> City:
        if name not in known:
            remedy = f"The simulator knows {', '.join(sorted(known))}."
            raise Refused(Fault("a city must be one that the simulator knows", name, "city", remedy))
        return known[name]

    return load
