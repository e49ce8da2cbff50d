"""Parsing a simulator's lines into domain types, each checked against the contract's JSON Schema and the request.

Everything is checked: a gate that compares numbers of the wrong day would give a wrong verdict without any error.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, NoReturn

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from tunegate.adapters.simulator.route_columns import without_sound_columns
from tunegate.domain.days import DayResult, Forecast
from tunegate.domain.parameters import Direction, MetricSpec, ParameterSpec
from tunegate.domain.simulation import CityFacts, SettingSpec, SimulatorDescription, UnknownRange

SHOWN_CHARACTERS = 200
LARGEST_EXACT_INTEGER = 2**53
ANSWER_TYPES = ("day", "done", "error", "roads", "route", "routed")

# A decoded JSON object that the schema accepts.
Message = dict[str, Any]


class BadMessage(Exception):
    """A message breaks a rule of the contract. `value` is what was found, shortened."""

    def __init__(self, rule: str, value: object) -> None:
        self.rule = rule
        self.value = shorten(value)
        super().__init__(f"{rule}, but got {self.value}")


class Rubbish(BadMessage):
    """A line that is no JSON object at all: something was printed into the answers, or one was torn."""


def shorten(value: object) -> str:
    """As text for a person, at most SHOWN_CHARACTERS long."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}… ({len(text)} characters)"


@cache
def schema(name: str) -> Message:
    """One of the contract's schemas: `request`, `routes_request`, `answer` or `description`."""
    text = resources.files("tunegate.adapters.simulator").joinpath("contract", f"{name}.schema.json").read_text("utf-8")
    loaded: Message = json.loads(text)
    return loaded


@cache
def _validator(name: str, part: str | None = None) -> Draft202012Validator:
    whole = schema(name)
    # One alternative by itself gives an error about the field that is wrong; `oneOf` could only say that nothing fits.
    return Draft202012Validator(whole if part is None else {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]})


def parse_answer(line: bytes) -> Message:
    """One answer line as a message whose `type` is in ANSWER_TYPES. Raises BadMessage."""
    message = _parse_object(line)
    kind = message.get("type")
    if kind not in ANSWER_TYPES:
        raise BadMessage(f"an answer's `type` must be one of {', '.join(ANSWER_TYPES)}", kind)
    _check(without_sound_columns(_without_sound_zones(message)), _validator("answer", kind))
    return message


def parse_description(output: bytes) -> SimulatorDescription:
    """What `describe` printed. Raises BadMessage."""
    message = _parse_object(output)
    _check(message, _validator("description"))
    parameters = tuple(ParameterSpec(**spec) for spec in message["parameters"])
    for spec in parameters:
        if not spec.low < spec.high or not spec.low <= spec.default <= spec.high:
            raise BadMessage("a parameter must have low < high and its default between them", spec)
    metrics = tuple(MetricSpec(**{**spec, "direction": Direction(spec["direction"])}) for spec in message["metrics"])
    for names in ([spec.name for spec in parameters], [metric.name for metric in metrics]):
        if len(names) != len(set(names)):
            raise BadMessage("each parameter and each metric must be named once", names)
    if "revenue_minor" not in {metric.name for metric in metrics}:
        raise BadMessage("`revenue_minor` must be among the metrics", [metric.name for metric in metrics])
    return SimulatorDescription(
        name=message["simulator"]["name"],
        version=message["simulator"]["version"],
        parameters=parameters,
        metrics=metrics,
        settings=tuple(_setting(spec) for spec in message["settings"]),
        city=None if message["city"] is None else _city(message["city"]),
        routes=message.get("routes", False),
    )


def day_result(message: Message, forecast: Forecast) -> DayResult:
    """A checked `day` message as a result. Raises BadMessage when its zones do not add up to its revenue."""
    zones = {zone: int(revenue_minor) for zone, revenue_minor in message["zone_revenue_minor"].items()}
    metrics = {name: float(value) for name, value in message["metrics"].items()}
    if zones and sum(zones.values()) != metrics["revenue_minor"]:
        rule = "zone_revenue_minor must sum to revenue_minor, or be empty"
        raise BadMessage(rule, f"{sum(zones.values())} against {metrics['revenue_minor']}")
    return DayResult(
        day=parse_day(message["day"]),
        seed=int(message["seed"]),
        forecast=forecast,
        metrics=metrics,
        zone_revenue_minor=zones,
        drivers=int(message["drivers"]),
        order_log_digest=message["order_log_digest"],
    )


def parse_day(text: str) -> date:
    """A date that the schema let through by its looks. Raises BadMessage when the calendar has no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadMessage("a day must exist in the calendar", text) from None


def _setting(spec: Message) -> SettingSpec:
    if "unknown" not in spec:
        return SettingSpec(**spec)
    unknown = UnknownRange(**spec["unknown"])
    setting = SettingSpec(**{**spec, "unknown": unknown})
    if setting.type not in {"float", "int"}:
        raise BadMessage("only a setting of numbers (float or int) may have an unknown range", spec)
    if not unknown.low < unknown.high:
        raise BadMessage("an unknown range must have low < high", spec)
    if unknown.log and unknown.low <= 0:
        raise BadMessage("an unknown range in logarithms must be above 0", spec)
    low = -math.inf if setting.low is None else setting.low
    high = math.inf if setting.high is None else setting.high
    if unknown.low < low or high < unknown.high:
        raise BadMessage("an unknown range must lie within the bounds of its setting", spec)
    return setting


def _city(facts: Mapping[str, Any]) -> CityFacts:
    days = {key: parse_day(facts[key]) for key in ("first_day", "last_day")}
    if days["first_day"] > days["last_day"]:
        raise BadMessage("a city's first_day must not be after its last_day", f"{facts['first_day']}, {facts['last_day']}")
    return CityFacts(**{**facts, **days})


def _parse_object(line: bytes) -> Message:
    try:
        message = json.loads(line, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_exact)
    except (ValueError, RecursionError):
        raise Rubbish("a message must be JSON", line or "an empty line") from None
    if not isinstance(message, dict):
        raise Rubbish("a message must be a JSON object", line)
    return message


def _refuse_constant(name: str) -> NoReturn:
    raise BadMessage("numbers must be finite", name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadMessage("numbers must be finite", text)
    return number


def _exact(text: str) -> int:
    number = int(text)
    if abs(number) > LARGEST_EXACT_INTEGER:
        raise BadMessage("a whole number must be exact in double precision (at most 2^53)", text)
    return number


def _check(message: Message, validator: Draft202012Validator) -> None:
    error = best_match(validator.iter_errors(message))
    if error is not None:
        place = "/".join(str(step) for step in error.absolute_path) or "the object"
        raise BadMessage(f"{place} must fit the contract ({shorten(error.message)})", json.dumps(message))


def _without_sound_zones(message: Message) -> Message:
    """The message with its zones left out if a look shows that they are sound.

    The validator takes 10 µs for each, which with hundreds of zones is most of the work for a line.
    """
    zones = message.get("zone_revenue_minor")
    if isinstance(zones, dict) and all(type(revenue_minor) is int and revenue_minor >= 0 for revenue_minor in zones.values()):
        return {**message, "zone_revenue_minor": {}}
    return message
