"""The parameters of the recommender: one assignment, its digest, and what each may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from tunegate.domain.canonical import content_digest

ParameterValue = int | float


@dataclass(frozen=True, slots=True)
class Parameters(Mapping[str, ParameterValue]):
    """One assignment of values to parameter names; equal assignments have equal digests."""

    values_by_name: Mapping[str, ParameterValue] = field(repr=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values_by_name", dict(sorted(self.values_by_name.items())))

    def __getitem__(self, name: str) -> ParameterValue:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    def __hash__(self) -> int:
        return hash(tuple(self.values_by_name.items()))

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON (sorted names, floats by shortest round trip)."""
        return content_digest({name: float(value) for name, value in self.items()})


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """What a simulator says of one parameter in its `describe` answer."""

    name: str
    type: Literal["float", "int"]
    unit: str
    low: float
    high: float
    default: float
    meaning: str


class Direction(StrEnum):
    """Which way a metric is good."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """What a simulator says of one metric of a day in its `describe` answer."""

    name: str
    unit: str
    direction: Direction
    meaning: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis of a region's search space. Bounds are inclusive; `log` searches the logarithm."""

    name: str
    type: Literal["float", "int"]
    low: float
    high: float
    log: bool = False
