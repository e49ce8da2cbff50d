"""How observed drivers' turns and standing were estimated: `python benchmarks/hailsim_behaviour.py [--draws N]`.

San Francisco's vacant runs of the calibration days say how long searches last, by hour and in all, where they end, and how fast
vacant cabs are. The values in `hailsim.planner.behaviour`, and the settings beside them, are set against these; then random
ones. No day that `hailsim validate` judges is looked at. Recorded distances are sums of straight lines between fixes a minute
apart, so the last part measures what such fixes make of a simulated taxi's way.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "simulator" / "tests"))

import numpy as np
from hailsim_cases import SAN_FRANCISCO, san_francisco
from numpy.typing import NDArray
from oracle import OracleDay, Taxi

from hailsim.model.calendar import History
from hailsim.model.city import Turn
from hailsim.model.city_cache import CityCache
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, prepare_day
from hailsim.model.world import CITY_CACHE_BYTES, World, make_world
from hailsim.planner import behaviour
from hailsim.planner.parameters import read_parameters
from hailsim.validation.compare import ComparisonSide, compare
from hailsim.validation.simulated import recorded_pickups
from hailsim.validation.validate import observed_fleet, simulate

# What a difference of one counts: percent of the observed figure, or below a correlation of 1.
WEIGHTS = {
    "trips a day": 5.0,
    "occupied share": 5.0,
    "search, mean": 5.0,
    "search, median": 10.0,
    "search, 90th percentile": 7.0,
    "pickups by hour, correlation": 0.02,
    "pickups by cell, rank correlation": 0.06,
    "mean search by hour, correlation": 0.1,
}
VACANT_SPEED = "speed while vacant"
FIX_EVERY_S = 60.0
BEFORE = {"WAIT_S": 300.0, "FLOW_PER_S": 0.003, "TEMPERATURE": 0.05, "turns": 1.0, "standing_share": 0.0}


@dataclass(frozen=True, slots=True)
class Calibration:
    """The days to come close to."""

    world: World
    observed: ComparisonSide
    history: History


def calibration() -> Calibration:
    """The earlier half of San Francisco's days."""
    city, recorded = san_francisco()
    seen = recorded[: len(recorded) // 2]
    fleet = observed_fleet(seen)
    assert fleet is not None
    world = make_world(replace(city, fleet=fleet))
    return Calibration(
        world,
        ComparisonSide([recorded_pickups(city, world.graph, day.day) for day in seen], seen),
        History(seen[0].day, seen[-1].day),
    )


def use(values: Mapping[str, float]) -> dict[str, float]:
    """Put values into the behaviour's constants; what is left are settings."""
    left = dict(values)
    for name in ("GAMMA_PER_MINUTE", "WAIT_S", "FLOW_PER_S", "TEMPERATURE"):
        if name in left:
            setattr(behaviour, name, left.pop(name))
    if "turns" in left:
        times = left.pop("turns")
        behaviour.TURN_COST = {
            Turn.STRAIGHT: 0.0,
            Turn.RIGHT: 0.005 * times,
            Turn.LEFT: 0.01 * times,
            Turn.U_TURN: 0.05 * times,
            Turn.NONE: 0.0,
        }
    return left


def judged(case: Calibration, values: Mapping[str, float], seeds: tuple[int, ...] = (1,)) -> tuple[float, str]:
    """The sum of squared differences, in units of WEIGHTS, and the differences in words."""
    settings = read_settings({**use(values), "follower_share": 0.0})
    world = World(case.world.city, case.world.graph, case.world.counts, CityCache(CITY_CACHE_BYTES))
    scenario = Scenario(read_parameters({}), settings, "statistics", case.history)
    days = list(case.history.days())
    figures = {figure.name: figure for figure in compare(case.observed, simulate(world, scenario, days, seeds))}
    total, words = 0.0, []
    for name in (*WEIGHTS, VACANT_SPEED):
        observed, simulated = figures[name].observed, figures[name].simulated
        assert observed is not None
        assert simulated is not None
        correlation = "correlation" in name
        off = 1.0 - simulated if correlation else 100.0 * (simulated / observed - 1.0)
        total += (off / WEIGHTS[name]) ** 2 if name in WEIGHTS else 0.0
        words.append(f"{simulated:8.3f}" if correlation else f"{off:+8.1f}")
    return total, "".join(words)


def draw(rng: np.random.Generator) -> dict[str, float]:
    """Values around those that came close before."""
    return {
        "GAMMA_PER_MINUTE": float(rng.choice([0.95, 0.96, 0.97, 0.98])),
        "WAIT_S": float(rng.choice([100.0, 150.0, 200.0, 300.0])),
        "FLOW_PER_S": float(np.exp(rng.uniform(np.log(0.003), np.log(0.03)))),
        "TEMPERATURE": float(rng.uniform(0.035, 0.08)),
        "turns": float(rng.uniform(0.5, 8.0)),
        "latent_factor": float(rng.uniform(2.2, 4.0)),
        "patience_s": float(rng.choice([300.0, 450.0, 600.0, 750.0])),
    }


class FollowedDay(OracleDay):
    """A day in plain Python that remembers when every taxi was where."""

    def __init__(self, **parts: object) -> None:
        super().__init__(**parts)  # type: ignore[arg-type]
        self.seen: dict[int, list[tuple[int, int, int | None]]] = {taxi.number: [] for taxi in self.taxis}

    def act(self, taxi: Taxi, now_s: int) -> None:
        """Remember the link it is on after the event, and when it is free again if it found somebody."""
        super().act(taxi, now_s)
        self.seen[taxi.number].append((now_s, taxi.link, taxi.free_since_s))


def as_fixes_see_it(case: Calibration) -> tuple[float, float]:
    """Vacant km/h as driven, and as straight lines between fixes a minute apart, of one simulated day."""
    settings = read_settings({"follower_share": 0.0})
    scenario = Scenario(read_parameters({}), settings, "statistics", case.history)
    prepared = prepare_day(case.world, scenario, case.history.last, 1)
    arrays = prepared.customers.arrays, prepared.fleet.arrays
    day = FollowedDay(graph=prepared.graph, customers=arrays[0], fleet=arrays[1], plan=prepared.plan, key=prepared.key)
    day.run()
    network, at = case.world.city.network, case.world.graph.city_link
    ends = np.stack([network.end_x_m[at], network.end_y_m[at]]).astype(np.float64)
    driven_m = driven_s = straight_m = straight_s = 0.0
    rng = np.random.default_rng(1)
    for seen in day.seen.values():
        for run in vacant_runs(seen):
            second = np.array([moment for moment, _ in run], np.float64)
            place = ends[:, [link for _, link in run]]
            moved = np.array([a != b for (_, a), (_, b) in pairwise(run)])
            driven_m += float(case.world.graph.length_m[[link for _, link in run[1:]]][moved].sum())
            driven_s += second[-1] - second[0]
            fixes = np.arange(second[0] + rng.uniform(0, FIX_EVERY_S), second[-1], FIX_EVERY_S)
            seen_at: NDArray[np.float64] = np.stack([np.interp(fixes, second, axis) for axis in place])
            straight_m += float(np.hypot(*np.diff(seen_at, axis=1)).sum())
            straight_s += max(0.0, FIX_EVERY_S * (len(fixes) - 1))
    return 3.6 * driven_m / driven_s, 3.6 * straight_m / straight_s


def vacant_runs(seen: list[tuple[int, int, int | None]]) -> list[list[tuple[int, int]]]:
    """Stretches of (second, link at whose end the taxi is then) without a customer; a stand repeats its link."""
    runs: list[list[tuple[int, int]]] = [[]]
    for (now_s, link, free_s), (next_s, _, _) in pairwise(seen):
        found = free_s is not None and free_s == next_s and free_s > now_s
        if found or next_s - now_s > 10 * FIX_EVERY_S:
            runs.append([])
        else:
            runs[-1].append((next_s, link))
    return [run for run in runs if len(run) > 1]


def main() -> None:
    """The values before, those shipped, random ones, and what fixes see."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100)
    arguments = parser.parse_args()
    if not SAN_FRANCISCO.is_dir():
        raise SystemExit(f"needs the records in {SAN_FRANCISCO}")
    case = calibration()
    print(f"{case.history.first} to {case.history.last}; % of observed, correlations as they are\n{'score':>8}  ", end="")
    print("".join(f"{name:>8}" for name in ("trips", "occup.", "mean", "median", "p90", "hours", "cells", "by hour", "speed")))
    shipped = judged(case, {}, seeds=(1, 2))
    driven, by_fixes = as_fixes_see_it(case)
    print(f"{shipped[0]:8.1f}  {shipped[1]}  as shipped")
    before = judged(case, BEFORE, seeds=(1, 2))
    print(f"{before[0]:8.1f}  {before[1]}  0.1.0: nobody stands", flush=True)
    rng = np.random.default_rng(1)
    found = [(*judged(case, values), values) for values in (draw(rng) for _ in range(arguments.draws))]
    for score, words, values in sorted(found, key=lambda row: row[0])[:8]:
        print(f"{score:8.1f}  {words}  " + ", ".join(f"{name} {value:.3g}" for name, value in values.items()))
    print(f"a vacant taxi of the model drives at {driven:.1f} km/h, and {by_fixes:.1f} km/h by fixes a minute apart")


if __name__ == "__main__":
    main()
