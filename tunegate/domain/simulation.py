"""What is asked of a simulator, and what a simulator says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import MetricSpec, Parameters, ParameterSpec
from tunegate.domain.periods import Period
from tunegate.domain.plain_json import from_plain, plain

CONTRACT_VERSION = "1"

SettingValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """Simulate every day with every seed under these parameters.

    `settings` are the simulator's own, not tuned: what is true of the world (fleet size, follower share, patience).
    `history` is what a demand forecast may train on, and nothing later.
    """

    id: str
    city: str
    parameters: Parameters
    days: tuple[date, ...]
    seeds: tuple[int, ...]
    forecast: Forecast
    history: Period
    settings: Mapping[str, SettingValue]

    def as_message(self) -> dict[str, object]:
        """The request as the JSON object of the simulator contract. Raises ValueError for a number that JSON cannot hold."""
        refuse_non_finite(self.parameters, self.settings)
        return {"contract": CONTRACT_VERSION, **plain(self)}

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> SimulationRequest:
        """The request that `as_message` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return from_plain(cls, {key: value for key, value in message.items() if key != "contract"})

    def day_by_day(self) -> tuple[SimulationRequest, ...]:
        """The same work as one request per day, so that it can be stopped in between."""
        return tuple(replace(self, days=(day,)) for day in self.days)

    @property
    def content_digest(self) -> str:
        """SHA-256 of everything but the id: equal digests ask for the same numbers."""
        message = {key: value for key, value in self.as_message().items() if key != "id"}
        # 300 and 300.0 are the same value of a parameter, and a record read back from JSON may say either.
        parameters = {name: float(value) for name, value in self.parameters.items()}
        return content_digest({**message, "parameters": parameters})


def refuse_non_finite(*values: Mapping[str, SettingValue]) -> None:
    """Raise ValueError for a number of a request that JSON cannot hold: NaN or an infinity."""
    for name, value in ((name, value) for each in values for name, value in each.items()):
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f"a number of a request must be JSON compliant, but got {name} = {value}")


@dataclass(frozen=True, slots=True)
class UnknownRange:
    """The prior of a setting that was never measured: uniform between the bounds, or (`log`) uniform in the logarithm."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """What a simulator says of one of its settings in `describe`. `unknown`: the prior of a value that was never measured."""

    name: str
    type: str
    unit: str
    default: SettingValue
    meaning: str
    low: float | None = None
    high: float | None = None
    unknown: UnknownRange | None = None


@dataclass(frozen=True, slots=True)
class CityFacts:
    """What a simulator says of one city: which operating days it covers, how much of it there is, and its money."""

    name: str
    digest: str
    first_day: date
    last_day: date
    links: int
    drivers: int
    currency: str
    minor_per_major: int


@dataclass(frozen=True, slots=True)
class SimulatorDescription:
    """The answer to `describe`, with a city when one was asked about. `routes`: whether it draws routes."""

    name: str
    version: str
    parameters: tuple[ParameterSpec, ...]
    metrics: tuple[MetricSpec, ...]
    settings: tuple[SettingSpec, ...]
    city: CityFacts | None
    routes: bool = False
