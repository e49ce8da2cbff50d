"""Runs a day in the kernels and in the oracle and compares every integer. As a program it plays a number of random worlds."""

from __future__ import annotations

import sys
from datetime import date, timedelta

import numpy as np
from oracle import OracleDay
from small_city import FIRST_DAY, small_city

from hailsim.kernels.arrays import LEAVES_S, PICKUP_S, SEARCH_S
from hailsim.model.calendar import History
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, play, prepare_day, run_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import PARAMETERS, read_parameters


def assert_day_agrees(world: World, scenario: Scenario, day: date, seed: int) -> int:
    """Both give the same customers served by the same taxis in the same seconds; returns the number of trips."""
    prepared = prepare_day(world, scenario, day, seed)
    found = play(prepared, world.road.links).arrays
    oracle = OracleDay(
        road=prepared.road,
        customers=prepared.customers.arrays,
        fleet=prepared.fleet.arrays,
        plan=prepared.plan,
        key=prepared.key,
    )
    oracle.run()
    served = [customer.taxi is not None for customer in oracle.customers]
    expected = [customer.leaves_s if customer.taxi is None else -1 - customer.taxi for customer in oracle.customers]
    assert found.wait[:, LEAVES_S].tolist() == expected
    assert found.wait[served, PICKUP_S].tolist() == [c.pickup_s for c in oracle.customers if c.taxi is not None]
    assert found.wait[served, SEARCH_S].tolist() == [c.search_s for c in oracle.customers if c.taxi is not None]
    assert found.duty_s.tolist() == [taxi.duty_s for taxi in oracle.taxis]
    assert found.busy_s.tolist() == [taxi.busy_s for taxi in oracle.taxis]
    assert found.entries.tolist() == [link.entries for link in oracle.links]
    fares = prepared.customers.fare_minor
    assert int(fares[found.wait[:, LEAVES_S] < 0].sum()) == sum(
        int(fare) for fare, taken in zip(fares, served, strict=True) if taken
    )
    return sum(served)


def random_world(number: int) -> tuple[World, Scenario]:
    """A small city with settings and parameters drawn by its number, extremes included."""
    rng = np.random.default_rng(number)
    city = small_city(
        columns=int(rng.integers(2, 8)),
        rows=int(rng.integers(2, 8)),
        days=5,
        trips_per_day=int(rng.choice([3, 60, 600, 2500])),
        taxis=int(rng.choice([1, 7, 64, 65, 130])),
        seed=number,
    )
    settings = {
        "follower_share": float(rng.choice([0.0, 0.05, 0.5, 1.0])),
        "compliance": float(rng.choice([0.0, 0.8, 1.0])),
        "patience_s": float(rng.choice([30.0, 300.0, 3000.0])),
        "latent_factor": float(rng.choice([0.3, 1.0, 2.6])),
        "standing_share": float(rng.choice([0.0, 0.25, 0.9])),
    }
    parameters = {spec.name: float(rng.uniform(spec.low, spec.high)) for spec in PARAMETERS}
    history = History(FIRST_DAY, FIRST_DAY + timedelta(days=2))
    return make_world(city), Scenario(read_parameters(parameters), read_settings(settings), "statistics", history)


def main() -> int:
    """Play the worlds of the given numbers: `oracle_runs.py FIRST END`."""
    first, end = int(sys.argv[1]), int(sys.argv[2])
    trips = 0
    for number in range(first, end):
        world, scenario = random_world(number)
        trips += assert_day_agrees(world, scenario, FIRST_DAY + timedelta(days=3), number)
        run_day(world, scenario, FIRST_DAY + timedelta(days=4), number)
    sys.stdout.write(f"{end - first} worlds agree, {trips} trips\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
