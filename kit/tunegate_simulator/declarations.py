"""How a simulator says what can be tuned, measured and set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tunegate_simulator.errors import DeclarationError

Direction = Literal["higher", "lower", "neither"]
Value = bool | int | float | str
REVENUE = "revenue_minor"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be tuned, between `low` and `high`, both included.

    Written into the signature of the day function:
    `price: Annotated[float, Parameter(20, 300, "cent", "price of a glass")] = 80`.
    """

    low: float
    high: float
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Where the true value of a setting that nobody has measured may lie: evenly, or (`log`) evenly in its logarithm."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """What is true of the world and not tuned; also written into the signature. Numbers may have bounds."""

    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    unknown: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured every day. `direction` says which way is better."""

    name: str
    unit: str
    direction: Direction
    meaning: str


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter or setting of the day function: its name, type and default from the signature, the rest from `spec`."""

    name: str
    type: type
    default: Value
    spec: Parameter | Setting

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value; infinite where there is none."""
        low, high = self.spec.low, self.spec.high
        return (-math.inf if low is None else low, math.inf if high is None else high)

    @property
    def is_number(self) -> bool:
        """Whether it is an `int` or a `float`."""
        return self.type in {int, float}

    def as_message(self) -> dict[str, Any]:
        """The entry in a description."""
        spec = self.spec
        entry: dict[str, Any] = {"name": self.name, "type": self.type.__name__, "unit": spec.unit}
        entry |= {"default": self.default, "meaning": spec.meaning}
        if isinstance(spec, Parameter) or self.is_number:
            entry |= {"low": spec.low, "high": spec.high}
        if isinstance(spec, Setting) and spec.unknown is not None:
            entry["unknown"] = {"low": spec.unknown.low, "high": spec.unknown.high, "log": spec.unknown.log}
        return entry


def check_argument(argument: Argument) -> None:
    """Raise DeclarationError unless type, bounds, default and unknown range belong together."""
    for rule, holds, value in (*_type_rules(argument), *_default_rules(argument), *_unknown_rules(argument)):
        if not holds:
            place = f"{type(argument.spec).__name__.lower()} `{argument.name}`"
            raise DeclarationError(rule, value, place, "Correct the signature of the day function.")


_Rules = Iterator[tuple[str, bool, object]]


def _type_rules(argument: Argument) -> _Rules:
    low, high = argument.bounds
    if isinstance(argument.spec, Parameter):
        yield "a parameter must be annotated as a float or an int", argument.is_number, argument.type
        bounded = math.isfinite(low) and math.isfinite(high) and low < high
        yield "a parameter must have finite bounds low < high", bounded, f"low {low}, high {high}"
    else:
        known = argument.type in {bool, int, float, str}
        yield "a setting must be annotated as a bool, an int, a float or a str", known, argument.type


def _default_rules(argument: Argument) -> _Rules:
    default, (low, high) = argument.default, argument.bounds
    kinds = (int, float) if argument.type is float else (argument.type,)
    fits = isinstance(default, kinds) and isinstance(default, bool) == (argument.type is bool)
    yield f"the default must be of the annotated type, {argument.type.__name__}", fits, repr(default)
    if argument.is_number:
        within = isinstance(default, int | float) and low <= default <= high
        yield "the default must lie within the bounds", within, f"{default}, low {low}, high {high}"


def _unknown_rules(argument: Argument) -> _Rules:
    unknown, (low, high) = argument.spec.unknown if isinstance(argument.spec, Setting) else None, argument.bounds
    if unknown is not None:
        yield "only a setting of numbers (float or int) may have an unknown range", argument.is_number, argument.type
        within = low <= unknown.low < unknown.high <= high
        yield "an unknown range must have low < high within the bounds of its setting", within, unknown
        yield "an unknown range in logarithms must be above 0", not unknown.log or unknown.low > 0, unknown


def check_metrics(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """The metrics, with `revenue_minor` first if it was left out. Raises DeclarationError."""
    names = [metric.name for metric in metrics]
    if len(names) != len(set(names)):
        raise DeclarationError("each metric must be named once", names, "metrics", "Rename one of them.")
    for metric in metrics:
        if metric.direction not in {"higher", "lower", "neither"}:
            rule = "a direction must be `higher`, `lower` or `neither`"
            raise DeclarationError(rule, metric.direction, f"metric `{metric.name}`", "Say which way is better.")
    if REVENUE in names:
        return metrics
    return (Metric(REVENUE, "minor", "higher", "revenue of the day in the smallest unit of money"), *metrics)
