"""The cities, days and simulations behind `search.py`: what one simulated day earns, and what parameters are truly worth.

The test days of the shipped configurations (San Francisco 26 May to 1 June 2008, Manhattan from 18 January 2015) are not among
these days: what ships follows from what is found here, and must not have seen them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import numpy as np
from hailsim_cases import SAN_FRANCISCO, days_from, san_francisco
from numpy.typing import NDArray

from hailsim.model.calendar import History
from hailsim.model.folder import read_city
from hailsim.model.metrics import report_day
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters
from tunegate.config.loading import load_region
from tunegate.config.region import RegionConfig
from tunegate.domain.seeds import phase_seeds
from tunegate.domain.worlds import Settings

Cell = tuple[date, int]
NO_SETTINGS: Settings = {}


@dataclass(frozen=True, slots=True)
class Case:
    """A city, the shipped configuration whose space and production it takes, and days that no part shares with another.

    A trial that simulates more days than `tuning` has takes them again with further seeds; so do the others.
    """

    name: str
    config: RegionConfig
    world: World
    history: History
    tuning: tuple[date, ...]
    validation: tuple[date, ...]
    fresh: tuple[date, ...]
    fresh_seeds: int
    revenues: dict[tuple[str, str, Cell], float] = field(default_factory=dict)

    def revenue(self, parameters: Mapping[str, float], cell: Cell, world: Settings = NO_SETTINGS) -> float:
        """Fleet revenue of one simulated day, minor units; simulated once. `world` are settings on top of the region's."""
        key = (repr(sorted(parameters.items())), repr(sorted(world.items())), cell)
        if key not in self.revenues:
            settings = read_settings({**self.config.simulator.settings, **world})
            scenario = Scenario(read_parameters(parameters), settings, self.config.search.forecast, self.history)
            report = report_day(run_day(self.world, scenario, *cell), self.world.graph)
            self.revenues[key] = float(report.metrics["revenue_minor"])
        return self.revenues[key]

    def revenues_of(self, parameters: Mapping[str, float], cells: Sequence[Cell]) -> NDArray[np.float64]:
        """Of several simulated days."""
        return np.array([self.revenue(parameters, cell) for cell in cells])

    def tuning_cells(self, repeat: int, count: int) -> tuple[Cell, ...]:
        """What a trial of one repeat simulates: repeats begin with different days, and have their own seeds."""
        turn = repeat % len(self.tuning)
        return _cells(self.tuning[turn:] + self.tuning[:turn], phase_seeds(repeat, "search", count), count)

    def validation_cells(self, repeat: int, count: int) -> tuple[Cell, ...]:
        """On what the finalists of one repeat are simulated again."""
        return _cells(self.validation, phase_seeds(repeat, "validation", count), count)

    def fresh_cells(self) -> tuple[Cell, ...]:
        """On what the truth is measured, by seed, then day: the same for all, and never simulated by a search."""
        return _cells(self.fresh, phase_seeds(0, "gate", self.fresh_seeds), len(self.fresh) * self.fresh_seeds)

    def hidden_cells(self, repeat: int, count: int) -> tuple[Cell, ...]:
        """The days of the truth with seeds of their own: where a campaign's verdict is held against worlds it has not met."""
        return _cells(self.fresh, phase_seeds(1 + repeat, "power", count), count)


def _cells(days: Sequence[date], seeds: Sequence[int], count: int) -> tuple[Cell, ...]:
    """The first `count` of all days with the first seed, and so on."""
    return tuple((days[place % len(days)], seeds[place // len(days)]) for place in range(count))


@cache
def open_case(name: str) -> Case:
    """One of CASES, ready to simulate in this process."""
    return CASES[name]()


def _manhattan() -> Case:
    return Case(
        name="manhattan",
        config=load_region("configs/regions/manhattan.yaml"),
        world=make_world(read_city("manhattan")),
        history=History(date(2014, 12, 1), date(2014, 12, 14)),
        tuning=days_from(date(2014, 12, 15), 7),
        validation=days_from(date(2014, 12, 22), 4),
        fresh=days_from(date(2014, 12, 26), 14),
        fresh_seeds=2,
    )


def _san_francisco() -> Case:
    if not SAN_FRANCISCO.is_dir():
        raise SystemExit(f"San Francisco needs the records in {SAN_FRANCISCO}")
    return Case(
        name="san_francisco",
        config=load_region("configs/regions/san_francisco.yaml"),
        world=make_world(san_francisco()[0]),
        history=History(date(2008, 5, 17), date(2008, 5, 19)),
        tuning=days_from(date(2008, 5, 20), 2),
        validation=days_from(date(2008, 5, 22), 1),
        fresh=days_from(date(2008, 5, 23), 3),
        fresh_seeds=16,
    )


CASES = {"manhattan": _manhattan, "san_francisco": _san_francisco}
