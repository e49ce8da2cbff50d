"""What the benchmarks of hailsim's worth share: two cities with their days, policies, a search, and paired intervals.

Days are apart: behaviour and forecasts learn from the history, parameters are tuned on the days after it, and judged on days
after those, with other seeds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from pathlib import Path

import numpy as np
import optuna
from hailsim_policies import fixed_turns, hotspot_greedy, random_destination, random_walk
from numpy.typing import NDArray
from scipy.stats import t as student

from hailsim.model.cab_days import CabDay
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.folder import read_city, read_observed
from hailsim.model.metrics import report_day
from hailsim.model.routing_graph import RoutingGraph
from hailsim.model.settings import Settings
from hailsim.model.simulation import Scenario, prepare_day, simulate_prepared_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import PlannerParameters, read_parameters

SAN_FRANCISCO = Path(__file__).resolve().parents[2] / "shared" / "data" / "sf"
TUNING_SEEDS, JUDGING_SEEDS = (11, 12), (101, 102, 103, 104)
# Where the model's page says that optima lie; road_weight_local stays at its reference.
RANGES = {
    "gamma": (0.7, 0.99),
    "max_wait_s": (60.0, 1800.0),
    "turn_weight_left": (0.0, 20.0),
    "turn_weight_right": (0.0, 20.0),
    "road_weight_arterial": (0.3, 3.0),
    "temperature": (0.5, 10.0),
}


class Policy(Enum):
    """How followers move; the others always move as observed cabs do."""

    RANDOM_WALK = "random walk"
    RANDOM_DESTINATION = "random destination"
    HOTSPOT = "hotspot greedy"
    RECOMMENDED = "recommended"


@dataclass(frozen=True, slots=True)
class Case:
    """A city and its days; `chances` float64[L, 4] of turns of the policies that draw them."""

    name: str
    world: World
    forecast: str
    history: History
    tuning: tuple[date, ...]
    judged: tuple[date, ...]
    chances: Mapping[Policy, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Arm:
    """What followers do; parameters matter where they are RECOMMENDED turns."""

    policy: Policy
    parameters: PlannerParameters


@dataclass(frozen=True, slots=True)
class Earned:
    """Of one simulated day: minor units in all, per follower and per other driver (NaN where there are none)."""

    fleet: float
    follower: float
    other: float


def days_from(first: date, count: int) -> tuple[date, ...]:
    """Days in a row."""
    return tuple(first + timedelta(days=offset) for offset in range(count))


def san_francisco() -> tuple[City, tuple[CabDay, ...]]:
    """The recorded city and what its cabs were seen to do, imported afresh."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "sf"
        command = [sys.executable, "-m", "hailsim", "import", str(SAN_FRANCISCO), "--out", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        return read_city(folder), read_observed(folder)


def cases(forecast: str) -> list[Case]:
    """Manhattan (drawn days) and, where its records are, San Francisco (recorded days)."""
    found = []
    if SAN_FRANCISCO.is_dir():
        world = make_world(san_francisco()[0])
        history = History(date(2008, 5, 17), date(2008, 5, 22))
        tuning, judged = days_from(date(2008, 5, 23), 4), days_from(date(2008, 5, 27), 6)
        found.append(Case("San Francisco", world, forecast, history, tuning, judged, turn_chances(world.graph)))
    else:
        print(f"San Francisco: left out, needs the records in {SAN_FRANCISCO}")
    history = History(date(2014, 12, 1), date(2015, 1, 4))
    manhattan = make_world(read_city("manhattan"))
    tuning, judged = days_from(date(2015, 1, 5), 4), days_from(date(2015, 1, 12), 12)
    found.append(Case("Manhattan", manhattan, forecast, history, tuning, judged, turn_chances(manhattan.graph)))
    return found


def turn_chances(graph: RoutingGraph) -> dict[Policy, NDArray[np.float64]]:
    """Of the policies that draw their turns."""
    return {Policy.RANDOM_WALK: random_walk(graph), Policy.RANDOM_DESTINATION: random_destination(graph)}


def day_earned(case: Case, arm: Arm, settings: Settings, day: date, seed: int) -> Earned:
    """Simulate one day."""
    prepared = prepare_day(case.world, Scenario(arm.parameters, settings, case.forecast, case.history), day, seed)
    plan = prepared.plan
    if arm.policy is Policy.HOTSPOT:
        plan = hotspot_greedy(plan, case.world.graph)
    elif arm.policy is not Policy.RECOMMENDED:
        plan = fixed_turns(plan, case.world.graph, case.chances[arm.policy])
    report = report_day(simulate_prepared_day(replace(prepared, plan=plan), case.world.graph.links), case.world.graph)
    found = report.metrics
    return Earned(
        float(found["revenue_minor"]),
        float(found.get("follower_revenue_per_driver_minor", np.nan)),
        float(found.get("other_revenue_per_driver_minor", np.nan)),
    )


def earned(
    case: Case, arm: Arm, settings: Settings, days: Sequence[date], seeds: Sequence[int] = JUDGING_SEEDS
) -> NDArray[np.float64]:
    """Means over seeds, float64[days, 3]: fleet, per follower, per other driver."""
    table = [[day_earned(case, arm, settings, day, seed) for seed in seeds] for day in days]
    found: NDArray[np.float64] = np.array([[(each.fleet, each.follower, each.other) for each in row] for row in table])
    return found.mean(axis=1)


def tune(case: Case, settings: Settings, trials: int) -> PlannerParameters:
    """The best of a TPE search for what followers earn on the tuning days, the defaults being the first trial."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1, multivariate=True))
    start = read_parameters({})
    study.enqueue_trial({name: float(np.clip(getattr(start, name), *bounds)) for name, bounds in RANGES.items()})

    def objective(trial: optuna.Trial) -> float:
        given = {
            name: trial.suggest_float(name, low, high, log=name in {"max_wait_s", "road_weight_arterial", "temperature"})
            for name, (low, high) in RANGES.items()
        }
        found = earned(case, Arm(Policy.RECOMMENDED, read_parameters(given)), settings, case.tuning, TUNING_SEEDS)
        return float(found[:, 1].mean())

    study.optimize(objective, n_trials=trials)
    return read_parameters(study.best_params)


def paired(arm: NDArray[np.float64], base: NDArray[np.float64]) -> str:
    """Mean difference of two rows of days in percent of the base's mean, with a 95 % t interval over days."""
    if not np.isfinite(arm).all() or not np.isfinite(base).all():
        return "–"
    difference = 100.0 * (arm - base) / base.mean()
    half = float(student.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / np.sqrt(len(difference)))
    return f"{difference.mean():+.1f} ± {half:.1f}"
