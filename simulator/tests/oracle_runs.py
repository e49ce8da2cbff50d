"""Runs a day in the kernels and in the oracle and compares every integer. As a program it plays a number of random worlds."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import numpy as np
from oracle import OracleDay
from random_worlds import PLAYED_DAY, random_world

from hailsim.kernels.arrays import LEAVES_S, PICKUP_S, SEARCH_S, SLOTS
from hailsim.model.simulation import Scenario, prepare_day, simulate_prepared_day, simulate_switching_day
from hailsim.model.world import World
from hailsim.planner.parameters import PlannerParameters


def assert_day_agrees(
    world: World, scenario: Scenario, day: date, seed: int, candidate: PlannerParameters | None = None
) -> int:
    """Both give the same customers served by the same taxis in the same seconds; returns the number of trips.

    With a candidate, half of the day's slots, drawn by the seed, run its parameters.
    """
    prepared = prepare_day(world, scenario, day, seed)
    slots = np.random.default_rng(seed).random(SLOTS) < 0.5
    if candidate is None:
        plan = None
        found = simulate_prepared_day(prepared, world.graph.links).arrays
    else:
        plan = prepare_day(world, replace(scenario, parameters=candidate), day, seed).plan
        found = simulate_switching_day(prepared, plan, slots, world.graph.links).arrays
    oracle = OracleDay(
        graph=prepared.graph,
        customers=prepared.customers.arrays,
        fleet=prepared.fleet.arrays,
        plan=prepared.plan,
        key=prepared.key,
        candidate=plan,
        candidate_slots=frozenset(np.flatnonzero(slots).tolist()),
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


def play_worlds(indices: Iterable[int]) -> int:
    """Set kernels against the oracle in each of these worlds; returns the trips in all. AssertionError names the world."""
    trips = 0
    for number in indices:
        world, scenario, seed = random_world(number)
        try:
            trips += assert_day_agrees(world, scenario, PLAYED_DAY, seed)
        except AssertionError as error:
            error.add_note(f"in world {number}: python oracle_runs.py {number} {number + 1}")
            raise
    return trips


def main() -> int:
    """Play the worlds of the given numbers: `oracle_runs.py FIRST END`."""
    first, end = int(sys.argv[1]), int(sys.argv[2])
    trips = play_worlds(range(first, end))
    sys.stdout.write(f"{end - first} worlds agree, {trips} trips\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
