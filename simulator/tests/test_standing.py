"""Vacant taxis stand for a share of their time, drivers of every kind alike, and customers come to them there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from small_city import FIRST_DAY, small_city

from hailsim.kernels.arrays import LEAVES_S, PICKUP_S, CustomerArrays
from hailsim.model.calendar import History
from hailsim.model.fleet import OPEN_END_S
from hailsim.model.settings import read_settings
from hailsim.model.simulation import DayOutcome, Scenario, prepare_day, run_day, simulate_prepared_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters

DAY = FIRST_DAY + timedelta(days=8)


def world() -> World:
    city = small_city(trips_per_day=40, taxis=60)
    return make_world(replace(city, travel_time_factor=np.ones(168, np.float32)))


def scenario(**settings: float) -> Scenario:
    history = History(FIRST_DAY, FIRST_DAY + timedelta(days=6))
    return Scenario(read_parameters({}), read_settings(settings), "statistics", history)


def day_of(world: World, **settings: float) -> DayOutcome:
    return run_day(world, scenario(**settings), DAY, 1)


def driving_share(world: World, outcome: DayOutcome) -> float:
    """Seconds of the links that vacant taxis entered over the seconds they were vacant."""
    arrays = outcome.arrays
    return float(arrays.entries @ world.graph.freeflow_s / (arrays.duty_s.sum() - arrays.busy_s.sum()))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.6])
@pytest.mark.parametrize("follower_share", [0.0, 1.0])
def test_taxis_stand_for_the_configured_share_of_vacant_time(share: float, follower_share: float) -> None:
    here = world()
    never = driving_share(here, day_of(here, standing_share=0.0, follower_share=follower_share))
    found = driving_share(here, day_of(here, standing_share=share, follower_share=follower_share))
    # Seconds of turns are not counted in the chance to stand.
    assert 1.0 - found / never == pytest.approx(share, abs=0.05)


def test_a_customer_beside_a_standing_taxi_is_picked_up_at_its_next_decision() -> None:
    here = world()
    prepared = prepare_day(here, scenario(), DAY, 1)
    taxis, links = len(prepared.fleet.follower), here.graph.links
    fleet = prepared.fleet.arrays._replace(
        start_link=np.zeros(taxis, np.int32),
        shifts=np.tile(np.array([0, OPEN_END_S], np.int32), (taxis, 1, 1)),
        stand_per_s=np.float32(1e6),
    )
    wait = np.array([[appears_s, 4000, 0, 0] for appears_s in (30, 31, 59, 60, 100)], np.int32)
    first = np.full(links + 1, len(wait), np.int32)
    first[0] = 0
    trip = np.tile(np.array([1, 100], np.int32), (len(wait), 1))
    customers = replace(
        prepared.customers,
        arrays=CustomerArrays(first, wait, trip),
        link=np.zeros(len(wait), np.int32),
        fare_minor=np.ones(len(wait), np.int64),
        distance_m=np.ones(len(wait)),
    )
    found = simulate_prepared_day(
        replace(prepared, customers=customers, fleet=replace(prepared.fleet, arrays=fleet)), links
    ).arrays.wait
    assert found[:, PICKUP_S].tolist() == [60, 60, 60, 60, 120]
    assert (-1 - found[:4, LEAVES_S]).tolist() == [0, 1, 2, 3]
