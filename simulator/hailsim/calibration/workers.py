"""Simulate days under many settings in parallel, with no followers: all taxis move as observed cabs do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from hailsim.calibration.figures import cell_groups, figures_of
from hailsim.model.cab_days import CabDay
from hailsim.model.calendar import History
from hailsim.model.folder import read_city, read_observed
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters
from hailsim.validation.compare import ComparisonSide
from hailsim.validation.simulated import recorded_pickups
from hailsim.validation.validate import observed_fleet, simulate


@dataclass(frozen=True, slots=True)
class CitySource:
    """A city (folder or bundled name) and the history days that behaviour and fleet are estimated from."""

    city: str
    history: History


@dataclass(frozen=True, slots=True)
class DaySummary:
    """A summary of several days. figures: float64[F] of `figures_of`. pickups_by_hour, search_s_by_hour: float64[24].

    search_s_by_hour is None without search records.
    """

    figures: NDArray[np.float64]
    pickups_by_hour: NDArray[np.float64]
    search_s_by_hour: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class Job:
    """Days to simulate under one set of settings and one seed."""

    settings: Mapping[str, float]
    days: tuple[date, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class DaySimulator:
    """A prepared city that runs jobs; one per process.

    history: days from which behaviour is learned, the same for every job. groups: int64[Z], see `cell_groups`.
    """

    world: World
    history: History
    groups: NDArray[np.int64]

    def simulate(self, job: Job) -> DaySummary:
        """Simulate the days. Raises BadInput: settings with which the city cannot be simulated."""
        settings = read_settings({**job.settings, "follower_share": 0.0})
        scenario = Scenario(read_parameters({}), settings, "statistics", self.history)
        return self._summed(simulate(self.world, scenario, job.days, (job.seed,)))

    def observed(self, recorded: Mapping[date, CabDay], days: Sequence[date]) -> DaySummary:
        """The same summary of recorded days; `recorded` holds the days with cab records."""
        cabs = [recorded[day] for day in days if day in recorded]
        return self._summed(ComparisonSide([recorded_pickups(self.world.city, self.world.graph, day) for day in days], cabs))

    def _summed(self, side: ComparisonSide) -> DaySummary:
        return DaySummary(figures_of(side, self.groups), side.by_hour(), side.search_by_hour())


def make_simulator(source: CitySource) -> DaySimulator:
    """Prepare the city with the fleet observed in the history. Raises BadInput."""
    city, recorded = read_city(source.city), read_observed(source.city)
    seen = [day for day in recorded if source.history.first <= day.day <= source.history.last]
    world = make_world(replace(city, fleet=observed_fleet(seen) or city.fleet))
    pickups = ComparisonSide([recorded_pickups(city, world.graph, day) for day in source.history.days()], []).by_zone()
    return DaySimulator(world, source.history, cell_groups(pickups))


def processes_here() -> int:
    """The number of processors available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Workers:
    """Runs jobs in a pool of processes, or in this process if `pool` is None."""

    simulator: DaySimulator
    pool: ProcessPoolExecutor | None

    def run_all(self, jobs: Sequence[Job], progress: Callable[[int, int], None]) -> list[DaySummary]:
        """Results in the order of the jobs, independent of the number of processes. Calls `progress` with jobs done and total.

        Raises BadInput: settings with which the city cannot be simulated.
        """
        simulated = map(self.simulator.simulate, jobs) if self.pool is None else self.pool.map(_run, jobs)
        found = []
        for one in simulated:
            found.append(one)
            progress(len(found), len(jobs))
        return found


@contextmanager
def start_workers(source: CitySource, processes: int) -> Iterator[Workers]:
    """Start the processes; they end with the block. Raises BadInput: the city cannot be simulated."""
    simulator = make_simulator(source)
    if processes == 1:
        yield Workers(simulator, None)
        return
    # Spawned, because numba's threads and locks do not survive a fork.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (source,))
    try:
        yield Workers(simulator, pool)
    finally:
        pool.shutdown(cancel_futures=True)


# The simulator of a worker process, set once by `_begin`. The parent process never uses it.
_simulators: list[DaySimulator] = []


def _begin(source: CitySource) -> None:
    # Ctrl-C reaches the whole process group; only the parent handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _simulators.append(make_simulator(source))


def _run(job: Job) -> DaySummary:
    return _simulators[0].simulate(job)
