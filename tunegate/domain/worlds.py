"""Worlds: sets of values for simulator settings that were never measured, each with its weight.

A campaign averages over the believed worlds. Stress worlds are not believed: a candidate must survive them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any

from tunegate.domain.canonical import content_digest
from tunegate.domain.plain_json import from_plain, plain
from tunegate.domain.seeds import SeedPhase, keyed_integer, phase_seeds
from tunegate.domain.simulation import SettingValue

Settings = Mapping[str, SettingValue]

_KEYED_INTEGERS = 2**32


@dataclass(frozen=True, slots=True)
class World:
    """One set of settings, on top of the region's own, and its weight relative to the other worlds (> 0)."""

    settings: Settings
    weight: float

    @property
    def digest(self) -> str:
        """SHA-256 of the settings: equal digests are the same world."""
        return settings_digest(self.settings)


@dataclass(frozen=True, slots=True)
class StressWorld:
    """A world that a candidate must survive: revenue may fall by at most `margin_pct` % of production's there."""

    name: str
    settings: Settings
    margin_pct: float

    @property
    def digest(self) -> str:
        """SHA-256 of the settings."""
        return settings_digest(self.settings)


@dataclass(frozen=True, slots=True)
class PlayedWorld:
    """A believed world as the gate plays it. `name` is its number among the believed worlds, counted from 1."""

    name: str
    world: World
    days: tuple[date, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Worlds:
    """The worlds of a region. A phase of a campaign simulates at most `count` of those that are believed."""

    believed: tuple[World, ...]
    stress: tuple[StressWorld, ...]
    count: int

    def drawn(self, seed: int, phase: SeedPhase, cells: int) -> tuple[Settings, ...]:
        """The believed worlds of a phase that simulates `cells` days and seeds, all of equal weight.

        A systematic resample, keyed by seed and phase: of n draws a world of weight w gets floor(n w) or ceil(n w)
        (Kitagawa 1996).
        """
        count = min(self.count, cells)
        shuffled = sorted(self.believed, key=lambda world: keyed_integer(seed, phase, content_digest(dict(world.settings))))
        bounds = list(accumulate(world.weight for world in shuffled))
        offset = keyed_integer(seed, phase, "offset") / _KEYED_INTEGERS
        points = [(offset + place) / count * bounds[-1] for place in range(count)]
        return tuple(
            next(world.settings for world, bound in zip(shuffled, bounds, strict=True) if point < bound) for point in points
        )

    def played(self, seed: int, phase: SeedPhase, days: Sequence[date], per_day: int) -> tuple[PlayedWorld, ...]:
        """Different worlds that share the days, `per_day` of them on each, every one with seeds of its own.

        All believed worlds with their weights where they are at most `count`; else those that `drawn` gives, weighted by how
        often it gives them, so that a world of much weight is not played twice. Where worlds are fewer than `per_day`, each
        plays all days with more seeds.
        """
        chosen = self.believed if len(self.believed) <= self.count else self._resampled(seed, phase)
        number_of = {world.digest: number for number, world in enumerate(self.believed, 1)}
        shares = days_of_worlds(days, min(per_day, len(chosen)), len(chosen))
        seeds_each = max(1, per_day // len(chosen))
        seeds = phase_seeds(seed, phase, seeds_each * len(chosen))
        return tuple(
            PlayedWorld(f"{number_of[world.digest]}", world, own_days, seeds[place * seeds_each : (place + 1) * seeds_each])
            for place, (world, own_days) in enumerate(zip(chosen, shares, strict=True))
        )

    def _resampled(self, seed: int, phase: SeedPhase) -> tuple[World, ...]:
        """At least two different worlds, weighted by how often a resample gives them."""
        counts = Counter(settings_digest(settings) for settings in self.drawn(seed, phase, self.count))
        if len(counts) == 1:
            return tuple(sorted(self.believed, key=lambda world: -world.weight)[:2])
        by_digest = {world.digest: world for world in self.believed}
        return tuple(World(by_digest[digest].settings, float(count)) for digest, count in counts.items())

    def as_document(self) -> dict[str, object]:
        """The worlds as plain JSON: part of what a campaign began with."""
        document: dict[str, object] = plain(self)
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Worlds:
        """The worlds that `as_document` wrote. Raises KeyError for anything else."""
        return from_plain(cls, document)

    @property
    def digest(self) -> str:
        """SHA-256 of `as_document`."""
        return content_digest(self.as_document())


def settings_digest(settings: Settings) -> str:
    """SHA-256 of settings; 1 and 1.0 are the same value."""
    return content_digest({name: _as_float(value) for name, value in settings.items()})


def _as_float(value: SettingValue) -> SettingValue:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def days_of_worlds(days: Sequence[date], per_day: int, worlds: int) -> tuple[tuple[date, ...], ...]:
    """The days that each of `worlds` worlds is played on, when every day is played in `per_day` of them.

    Worlds take turns, and each round begins one world later, so that no two worlds always share a day. Every world is played on
    as many days as any other, to within one. Raises ValueError for more worlds a day than there are.
    """
    if not 1 <= per_day <= worlds:
        raise ValueError(f"`1 <= per_day <= worlds` must hold, but got per_day={per_day}, worlds={worlds}")
    played: list[list[date]] = [[] for _ in range(worlds)]
    for number, day in enumerate(days):
        first = number * per_day + number * per_day // worlds
        for turn in range(per_day):
            played[(first + turn) % worlds].append(day)
    return tuple(tuple(one) for one in played)
