"""Requests as the contract has them, checked: every fault at once, before anything is simulated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tunegate_simulator.city import City
from tunegate_simulator.day import Day, History
from tunegate_simulator.declarations import Argument, Parameter, Value
from tunegate_simulator.errors import Fault, Refused, shorten

CONTRACT = "1"
LARGEST_SEED = 2**32 - 1
_REQUIRED = ("contract", "id", "city", "parameters", "days", "seeds", "forecast", "history", "settings")
_SEE = "See docs/simulator-contract.md."


@dataclass(frozen=True, slots=True)
class Request:
    """A sound request. `parameters` and `settings` hold a value for every name of the signature."""

    id: str
    city: str
    parameters: Mapping[str, Value]
    settings: Mapping[str, Value]
    days: tuple[date, ...]
    seeds: tuple[int, ...]
    forecast: str
    history: History

    def days_of(self, city: City) -> list[Day]:
        """Every day with every seed. Raises Refused for days that the city does not cover."""
        cover = f"`{city.name}` covers {city.first_day} to {city.last_day}."
        faults = [
            Fault("a day must be covered by the city", str(day), "days", cover)
            for day in self.days
            if not city.first_day <= day <= city.last_day
        ]
        if faults:
            raise Refused(*faults)
        return [Day(day, seed, city, self.forecast, self.history) for day in self.days for seed in self.seeds]


class Checklist:
    """Collects the faults of one message, so that all of them are said at once."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, rule: str, value: object, place: str, remedy: str = _SEE) -> None:
        """Note a fault."""
        self._faults.append(Fault(rule, shorten(value), place, remedy))

    def require(self, holds: bool, rule: str, value: object, place: str, remedy: str = _SEE) -> None:
        """Note a fault unless the rule holds."""
        if not holds:
            self.add(rule, value, place, remedy)

    def day(self, text: object, place: str) -> date:
        """A day that exists; a placeholder and a fault otherwise."""
        try:
            if isinstance(text, str) and len(text) == len("YYYY-MM-DD"):
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.add("a day must be a date that exists, YYYY-MM-DD", repr(text), place)
        return date.min

    def finish(self) -> None:
        """Raise Refused if there was any fault."""
        if self._faults:
            raise Refused(*self._faults)


def read_request(message: Mapping[str, Any], arguments: Sequence[Argument]) -> Request:
    """A decoded simulation request. Raises Refused."""
    checks = Checklist()
    check_keys(checks, message, _REQUIRED)
    days = tuple(checks.day(text, f"days[{number}]") for number, text in enumerate(_list(checks, message, "days")))
    seeds = tuple(_list(checks, message, "seeds"))
    for number, seed in enumerate(seeds):
        check_seed(checks, seed, f"seeds[{number}]")
    parameters, settings = read_values(checks, message, arguments)
    checks.require(len(set(days)) == len(days) and len(set(map(str, seeds))) == len(seeds), "days and seeds must be unique",
                   f"{message['days']}, {message['seeds']}", "request")  # fmt: skip
    history = read_history(checks, message)
    checks.finish()
    return Request(message["id"], message["city"], parameters, settings, days, seeds, message["forecast"], history)


def check_keys(checks: Checklist, message: Mapping[str, Any], required: Sequence[str]) -> None:
    """The keys and the plain fields that all requests have; raises at once where a key is missing."""
    found = message.get("contract", CONTRACT)
    if found != CONTRACT:
        checks.add(
            f'contract must be "{CONTRACT}"', repr(found), "contract", "Use a simulator and a caller of the same contract."
        )
        checks.finish()
    missing, unknown = set(required) - message.keys(), message.keys() - set(required)
    checks.require(not missing, "a request must have all keys of the contract", f"no {', '.join(sorted(missing))}", "request")
    checks.require(not unknown, "a request must have no other keys", ", ".join(sorted(unknown)), "request")
    checks.finish()
    for name in ("id", "city"):
        checks.require(
            isinstance(message[name], str) and bool(message[name]), f"{name} must be text", repr(message[name]), name
        )
    for name in ("parameters", "settings", "history"):
        checks.require(isinstance(message[name], dict), f"{name} must be an object", repr(message[name]), name)
    forecast = message["forecast"]
    checks.require(forecast in {"ml", "statistics"}, "forecast must be `ml` or `statistics`", repr(forecast), "forecast")
    checks.finish()


def check_seed(checks: Checklist, seed: object, place: str) -> None:
    """A seed of 32 bits."""
    sound = isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= LARGEST_SEED
    checks.require(sound, f"a seed must be a whole number from 0 to {LARGEST_SEED}", repr(seed), place)


def read_history(checks: Checklist, message: Mapping[str, Any]) -> History:
    """The days that a forecast may learn from."""
    found = message["history"]
    checks.require(found.keys() == {"first", "last"}, "history must have `first` and `last`", found, "history")
    first, last = (checks.day(found.get(end), f"history.{end}") for end in ("first", "last"))
    checks.require(first <= last, "history.first <= history.last must hold", f"{first}, {last}", "history")
    return History(first, last)


def read_values(
    checks: Checklist, message: Mapping[str, Any], arguments: Sequence[Argument]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Parameters and settings as applied: what was asked, and defaults for the rest."""
    parameters = [each for each in arguments if isinstance(each.spec, Parameter)]
    settings = [each for each in arguments if not isinstance(each.spec, Parameter)]
    return (
        read_section(checks, message["parameters"], parameters, "parameters"),
        read_section(checks, message["settings"], settings, "settings"),
    )


def read_section(checks: Checklist, asked: Mapping[str, Any], arguments: Sequence[Argument], section: str) -> dict[str, Value]:
    """One section of values, each of its type and within its bounds."""
    known = {each.name: each for each in arguments}
    values = {each.name: each.default for each in arguments}
    for name, value in asked.items():
        place = f"{section}.{name}"
        if name not in known:
            remedy = f"The simulator knows {', '.join(sorted(known)) or 'none'}."
            checks.add(f"{section} must be those of the description", name, place, remedy)
            continue
        values[name] = _value(checks, value, known[name], place)
    return values


def _value(checks: Checklist, value: Any, argument: Argument, place: str) -> Value:
    if not argument.is_number:
        if type(value) is not argument.type:
            checks.add(f"{argument.name} must be a {argument.type.__name__}", repr(value), place)
            return argument.default
        return argument.type(value)  # type: ignore[no-any-return]
    low, high = argument.bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        checks.add(f"{argument.name} must be a number", repr(value), place)
        return argument.default
    if argument.type is int and value != int(value):
        checks.add(f"{argument.name} must be a whole number", repr(value), place)
        return argument.default
    checks.require(low <= value <= high, f"{low:g} <= {argument.name} <= {high:g} must hold", value, place)
    return int(value) if argument.type is int else float(value)


def _list(checks: Checklist, message: Mapping[str, Any], name: str) -> list[Any]:
    found = message[name]
    if isinstance(found, list) and found:
        return found
    checks.add(f"{name} must be a list with at least one entry", repr(found), name)
    checks.finish()
    return []
