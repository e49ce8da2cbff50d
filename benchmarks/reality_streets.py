"""Simulated streets for benchmarks/reality.py: hidden worlds of Manhattan with 1,000 taxis, played by hailsim in full.

Each world has settings of its own, drawn from the ranges below, a seed and a first day. It is played for fourteen days with
production's parameters, with a candidate's, and with both by turns in half-hour windows. Revenue is kept by five minutes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import LEAVES_S, PICKUP_S
from hailsim.model.calendar import History
from hailsim.model.folder import read_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import (
    DayOutcome,
    Scenario,
    prepare_day,
    simulate_prepared_day,
    simulate_switching_day,
)
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters
from tunegate.domain.days import Arm
from tunegate.experiment.schedule import SwitchbackPlan, draw_schedule

DAYS, BINS, TAXIS = 14, 288, 1_000
HISTORY = History(date(2014, 12, 1), date(2014, 12, 14))
FIRST_START, STARTS = date(2014, 12, 15), 34
CANDIDATE = {"temperature": 20.0}
HALF_HOURS = SwitchbackPlan(days=DAYS, window_min=30, washout_min=0, harm_limit_pct=-1.0, level=0.1, looks=(3, 7, 14))
RANGES = {  # low, high, whether logarithmic
    "follower_share": (0.15, 0.5, False),
    "compliance": (0.5, 1.0, False),
    "latent_factor": (1.5, 4.0, True),
    "patience_s": (300.0, 1200.0, True),
    "standing_share": (0.0, 0.4, False),
}


@dataclass(frozen=True, slots=True)
class Street:
    """Revenue (14, 288) with production, with the candidate, and by turns as `arms` bool (14, 48) says."""

    production: NDArray[np.float64]
    candidate: NDArray[np.float64]
    switching: NDArray[np.float64]
    arms: NDArray[np.bool_]

    @property
    def effect_pct(self) -> float:
        """What the candidate is worth in this world."""
        return float(100.0 * (self.candidate.sum() / self.production.sum() - 1.0))


def streets(numbers: range, cache: Path) -> list[Street]:
    """The worlds of these numbers; simulated ones are kept in the folder `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    world: World | None = None
    found = []
    for number in numbers:
        path = cache / f"street-{number}.npz"
        if not path.exists():
            world = world or make_world(read_city("manhattan"))
            street = _play(world, number)
            partial = cache / f".street-{number}.npz"
            np.savez(partial, **{name: getattr(street, name) for name in ("production", "candidate", "switching", "arms")})
            partial.rename(path)
        with np.load(path) as stored:
            found.append(Street(*(stored[name] for name in ("production", "candidate", "switching", "arms"))))
    return found


def drawn_settings(number: int) -> dict[str, float]:
    """The settings of a world."""
    rng = np.random.default_rng([20261128, number])
    settings: dict[str, float] = {"taxis": TAXIS}
    for name, (low, high, logarithmic) in RANGES.items():
        place = rng.random()
        settings[name] = math.exp(math.log(low) + place * math.log(high / low)) if logarithmic else low + place * (high - low)
    return settings


def _play(world: World, number: int) -> Street:
    settings = read_settings(drawn_settings(number))
    start = FIRST_START + timedelta(days=int(np.random.default_rng([7, number]).integers(STARTS)))
    schedule = draw_schedule(HALF_HOURS, start=start, time_zone="UTC", seed=number)
    arms = np.array([window.arm is Arm.CANDIDATE for window in schedule.windows]).reshape(DAYS, 48)
    played = np.empty((3, DAYS, BINS))
    for day in range(DAYS):
        scenarios = [Scenario(read_parameters(each), settings, "statistics", HISTORY) for each in ({}, CANDIDATE)]
        production, other = (prepare_day(world, each, start + timedelta(days=day), number) for each in scenarios)
        links = world.graph.links
        played[0, day] = _by_bin(simulate_prepared_day(production, links))
        played[1, day] = _by_bin(simulate_prepared_day(other, links))
        played[2, day] = _by_bin(simulate_switching_day(production, other.plan, arms[day], links))
    return Street(*played, arms)


def _by_bin(outcome: DayOutcome) -> NDArray[np.float64]:
    wait = outcome.arrays.wait
    served = wait[:, LEAVES_S] < 0
    bins = np.minimum(wait[served, PICKUP_S] * BINS // 86_400, BINS - 1)
    return np.bincount(bins, outcome.customers.fare_minor[served], minlength=BINS).astype(np.float64)
