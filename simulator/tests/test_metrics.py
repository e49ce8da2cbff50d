from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_city import FIRST_DAY, small_city

from hailsim.kernels.arrays import APPEARS_S, LEAVES_S, PICKUP_S
from hailsim.model.calendar import History
from hailsim.model.metrics import METRICS, DayReport, gini, report_day
from hailsim.model.settings import read_settings
from hailsim.model.simulation import DayOutcome, Scenario, run_day
from hailsim.model.world import World, make_world
from hailsim.planner.parameters import read_parameters

HISTORY = History(FIRST_DAY, FIRST_DAY + timedelta(days=6))
DAY = FIRST_DAY + timedelta(days=8)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(small_city(trips_per_day=2000))


def simulate(world: World, **settings: float) -> tuple[DayOutcome, DayReport]:
    scenario = Scenario(read_parameters({}), read_settings(settings), "statistics", HISTORY)
    outcome = run_day(world, scenario, DAY, 5)
    return outcome, report_day(outcome, world.graph)


def test_revenue_is_equal_summed_over_drivers_zones_and_trips(world: World) -> None:
    outcome, report = simulate(world, follower_share=0.4)
    served = outcome.arrays.wait[:, LEAVES_S] < 0
    revenue = report.metrics["revenue_minor"]
    assert isinstance(revenue, int)
    assert revenue == int(outcome.customers.fare_minor[served].sum()) == sum(report.zone_revenue_minor.values())
    followers, others = outcome.fleet.on_duty & outcome.fleet.follower, outcome.fleet.on_duty & ~outcome.fleet.follower
    per_follower, per_other = (report.metrics[f"{who}_revenue_per_driver_minor"] for who in ("follower", "other"))
    assert per_follower * followers.sum() + per_other * others.sum() == pytest.approx(revenue, rel=1e-12)


def test_revenue_is_reported_by_3_km_districts_covering_every_link(world: World) -> None:
    graph, network = world.graph, world.city.network
    assert set(graph.district.tolist()) == set(range(graph.districts))
    middle = np.column_stack([network.start_x_m + network.end_x_m, network.start_y_m + network.end_y_m])[graph.city_link] / 2.0
    for district in range(graph.districts):
        assert (np.ptp(middle[graph.district == district], axis=0) <= 3000.0).all()
    _, report = simulate(world)
    assert {int(name) for name in report.zone_revenue_minor} <= set(range(graph.districts))


def test_every_metric_is_described_and_present_when_there_are_followers_and_others(world: World) -> None:
    _, report = simulate(world, follower_share=0.5)
    assert set(report.metrics) == {spec.name for spec in METRICS}
    assert all(np.isfinite(value) for value in report.metrics.values())


def test_a_group_without_drivers_has_no_income_instead_of_zero(world: World) -> None:
    assert "other_revenue_per_driver_minor" not in simulate(world, follower_share=1.0)[1].metrics
    assert "follower_revenue_per_driver_minor" not in simulate(world, follower_share=0.0)[1].metrics


def test_times_are_consistent(world: World) -> None:
    outcome, report = simulate(world)
    served = outcome.arrays.wait[:, LEAVES_S] < 0
    wait = outcome.arrays.wait[served]
    assert (wait[:, PICKUP_S] >= wait[:, APPEARS_S]).all()
    assert (outcome.arrays.busy_s <= outcome.arrays.duty_s).all()
    assert 0 < report.metrics["utilisation_pct"] < 100
    assert report.metrics["trips"] + (~served).sum() == report.metrics["customers"]


def test_no_customer_without_patience_is_served(world: World) -> None:
    _, report = simulate(world, patience_s=10.0, latent_factor=0.05, taxis=3)
    assert report.metrics["lost_customers_pct"] > 50


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_gini_lies_between_equality_and_one_owner(amounts: list[int]) -> None:
    found = gini(np.array(amounts, np.int64))
    assert -1e-12 <= found <= 1 - 1 / len(amounts) + 1e-12


def test_gini_of_equal_amounts_is_zero_and_of_one_owner_is_nearly_one() -> None:
    assert gini(np.array([7, 7, 7, 7])) == pytest.approx(0.0)
    assert gini(np.array([0] * 99 + [5])) == pytest.approx(0.99)
    assert gini(np.zeros(4, np.int64)) == 0.0
