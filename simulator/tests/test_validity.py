"""A fleet that moves as observed cabs do, against what San Francisco's records say of days its behaviour was not taken from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from scipy.stats import spearmanr

from hailsim.kernels.arrays import LEAVES_S, PICKUP_S, SEARCH_S
from hailsim.model.calendar import History
from hailsim.model.city import City
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters

pytestmark = pytest.mark.slow

# Measured on the uncut records: share of cab time with a customer, seconds from drop-off to the next pickup.
OBSERVED_OCCUPIED_PCT, OBSERVED_SEARCH_MEAN_S, OBSERVED_SEARCH_MEDIAN_S = 46.0, 540.0, 295.0


@dataclass(frozen=True)
class Observation:
    """Sums over the days after the history: simulated beside recorded."""

    trips: int
    recorded_trips: int
    occupied_pct: float
    search_s: np.ndarray
    by_hour: np.ndarray
    recorded_by_hour: np.ndarray
    by_zone: np.ndarray
    recorded_by_zone: np.ndarray


@pytest.fixture(scope="module")
def found(san_francisco: City) -> Observation:
    world = make_world(san_francisco)
    history = History(san_francisco.first_day, san_francisco.first_day + timedelta(days=7))
    scenario = Scenario(read_parameters({}), read_settings({"follower_share": 0.0}), "statistics", history)
    days = [history.last + timedelta(days=1 + n) for n in range((san_francisco.last_day - history.last).days)]
    outcomes = [run_day(world, scenario, day, 1) for day in days]
    recorded = world.counts[[(day - san_francisco.first_day).days for day in days]].astype(np.int64)
    waits = [outcome.arrays.wait[outcome.arrays.wait[:, LEAVES_S] < 0] for outcome in outcomes]
    links = [outcome.customers.link[outcome.arrays.wait[:, LEAVES_S] < 0] for outcome in outcomes]
    searches = np.concatenate(waits)[:, SEARCH_S]
    return Observation(
        trips=sum(len(wait) for wait in waits),
        recorded_trips=int(recorded.sum()),
        occupied_pct=100
        * sum(int(o.arrays.busy_s.sum()) for o in outcomes)
        / sum(int(o.arrays.duty_s.sum()) for o in outcomes),
        search_s=searches[searches >= 0],
        by_hour=np.bincount(np.minimum(np.concatenate(waits)[:, PICKUP_S] // 3600, 23), minlength=24),
        recorded_by_hour=recorded.sum(axis=(0, 2)).reshape(24, 2).sum(axis=1),
        by_zone=np.bincount(world.graph.zone[np.concatenate(links)], minlength=world.graph.zones),
        recorded_by_zone=recorded.sum(axis=(0, 1)),
    )


def test_trips_a_day_are_within_a_tenth_of_the_recorded(found: Observation) -> None:
    assert found.trips == pytest.approx(found.recorded_trips, rel=0.10)


def test_occupied_share_is_within_five_points_of_the_measured(found: Observation) -> None:
    assert found.occupied_pct == pytest.approx(OBSERVED_OCCUPIED_PCT, abs=5.0)


def test_searches_last_about_as_long_as_measured(found: Observation) -> None:
    # The aim of the whole period, not of the days judged, on which cabs searched for 583 s.
    assert found.search_s.mean() == pytest.approx(OBSERVED_SEARCH_MEAN_S, rel=0.15)
    assert np.median(found.search_s) == pytest.approx(OBSERVED_SEARCH_MEDIAN_S, rel=0.25)


def test_pickups_follow_the_hours_and_the_places_of_the_recorded(found: Observation) -> None:
    assert np.corrcoef(found.by_hour, found.recorded_by_hour)[0, 1] >= 0.95
    assert spearmanr(found.by_zone, found.recorded_by_zone)[0] >= 0.9
