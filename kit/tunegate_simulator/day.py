"""What a day function gets and what it gives."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from numbers import Integral, Real
from typing import Any

from tunegate_simulator.city import City
from tunegate_simulator.declarations import REVENUE
from tunegate_simulator.errors import BrokenPromise, Fault, shorten
from tunegate_simulator.streams import Key, rng, stream_seed

LARGEST_EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class History:
    """The days that a forecast may learn from, both included, and nothing later."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Day:
    """One day to simulate with one seed. `forecast` is `ml` or `statistics`: which demand forecast to plan with."""

    date: date
    seed: int
    city: City
    forecast: str
    history: History

    def rng(self, *entity: Key) -> random.Random:
        """The generator of one entity on this day: `day.rng("customer", 17)`. It knows nothing of the parameters."""
        return rng(self.seed, self.date, *entity)

    def stream_seed(self, *entity: Key) -> int:
        """The same as a seed for another generator."""
        return stream_seed(self.seed, self.date, *entity)

    def __str__(self) -> str:
        return f"day {self.date}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one day gave.

    `metrics` by name, with `revenue_minor`; leave one out on a day where it has no value. `customers` is all that arrives from
    outside before anything reacts to it (numbers and text in lists, a numpy array, or bytes): both arms of a comparison must
    have the same. `zones` splits the revenue; `drivers` is the city's where left out. `trained_last_day` is the newest day a
    forecast learnt from.
    """

    metrics: Mapping[str, float]
    customers: Any
    zones: Mapping[str, int] = field(default_factory=dict)
    drivers: int | None = None
    trained_last_day: date | None = None


def day_line(request_id: str, day: Day, outcome: object, metrics: frozenset[str]) -> dict[str, Any]:
    """The `day` line of an outcome. Raises BrokenPromise when it contradicts the description or the contract."""
    place = str(day)
    if not isinstance(outcome, Outcome):
        raise _broken("the day function must return an Outcome", type(outcome).__name__, place)
    measured = {name: _number(value, f"metric `{name}`", place) for name, value in outcome.metrics.items()}
    if unknown := sorted(measured.keys() - metrics):
        raise _broken("only metrics of the description may be returned", ", ".join(unknown), place)
    if not measured.get(REVENUE, -1) >= 0:
        raise _broken(f"`{REVENUE}` must be among the metrics and not below 0", measured.get(REVENUE, "none"), place)
    zones = {str(zone): _whole(value, f"zone `{zone}`", place) for zone, value in outcome.zones.items()}
    if zones and sum(zones.values()) != measured[REVENUE]:
        rule = f"zones must add up to `{REVENUE}`, or be empty"
        raise _broken(rule, f"{sum(zones.values())} against {measured[REVENUE]}", place)
    drivers = _whole(day.city.drivers if outcome.drivers is None else outcome.drivers, "drivers", place)
    if drivers < 1:
        raise _broken("drivers must be at least 1", drivers, place)
    return {
        "type": "day",
        "id": request_id,
        "day": day.date.isoformat(),
        "seed": day.seed,
        "metrics": measured,
        "zone_revenue_minor": zones,
        "drivers": drivers,
        "order_log_digest": customers_digest(outcome.customers, place),
    }


def trained_last_day(day: Day, outcome: Outcome) -> date:
    """The newest day this outcome learnt from: the end of the history unless it says another. Raises BrokenPromise."""
    learnt = outcome.trained_last_day or day.history.last
    if learnt > day.history.last:
        raise _broken(f"a forecast may learn nothing after history.last, {day.history.last}", learnt, str(day))
    return learnt


def customers_digest(customers: object, place: str) -> str:
    """SHA-256 over what arrives from outside. Raises BrokenPromise for what has no exact text."""
    if isinstance(customers, bytes):
        content = customers
    elif hasattr(customers, "tobytes") and hasattr(customers, "dtype"):
        content = f"{customers.dtype} {getattr(customers, 'shape', ())} ".encode() + customers.tobytes()
    else:
        try:
            content = json.dumps(customers, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            rule = "customers must be finite numbers and text in lists or mappings, a numpy array, or bytes"
            raise _broken(rule, error, place) from None
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _number(value: object, what: str, place: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise _broken(f"{what} must be a finite number", repr(value), place)
    if not isinstance(value, Integral):
        return float(value)
    whole = int(value)
    if abs(whole) > LARGEST_EXACT_INTEGER:
        raise _broken(f"{what} must be exact in double precision (at most 2^53)", whole, place)
    return whole


def _whole(value: object, what: str, place: str) -> int:
    number = _number(value, what, place)
    if number < 0 or number != int(number):
        raise _broken(f"{what} must be a whole number, 0 or more", repr(value), place)
    return int(number)


def _broken(rule: str, value: object, place: str) -> BrokenPromise:
    return BrokenPromise(Fault(rule, shorten(value), place, "Correct the day function."))
