from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from small_city import FIRST_DAY, small_city

from hailsim.kernels.arrays import DESTINATION, DRIVE_S
from hailsim.model.calendar import factors, hours_of_week
from hailsim.model.demand import JITTER_S, Customers, draw_customers
from hailsim.model.routing_graph import build_routing_graph

CITY = small_city(trips_per_day=3000)
ROAD = build_routing_graph(CITY)
DAY = FIRST_DAY + timedelta(days=2)


def customers(seed: int = 1, patience_s: float = 300.0, latent_factor: float = 1.0) -> Customers:
    return draw_customers(CITY, ROAD, DAY, seed, patience_s=patience_s, latent_factor=latent_factor)


def wishes(found: Customers) -> set[tuple[int, int, int, int]]:
    destination = found.arrays.trip[:, DESTINATION]
    return set(zip(found.link.tolist(), found.appears_s.tolist(), destination.tolist(), found.leaves_s.tolist(), strict=True))


def test_factor_one_replays_the_recorded_trips_exactly() -> None:
    here = CITY.trips.day == 2
    found = customers()
    recorded = sorted(
        zip(ROAD.link_of_city_link[CITY.trips.pickup_link[here]].tolist(), CITY.trips.appears_s[here].tolist(), strict=True)
    )
    assert list(zip(found.link.tolist(), found.appears_s.tolist(), strict=True)) == recorded


def test_larger_factor_keeps_every_customer_and_adds_others() -> None:
    one, more, most = customers(), customers(latent_factor=1.4), customers(latent_factor=2.4)
    assert wishes(one) < wishes(more) < wishes(most)
    assert len(more.link) / len(one.link) == pytest.approx(1.4, abs=0.04)
    assert len(most.link) / len(one.link) == pytest.approx(2.4, abs=0.04)


def test_smaller_factor_thins_the_recorded_trips() -> None:
    one, fewer = customers(), customers(latent_factor=0.4)
    assert wishes(fewer) < wishes(one)
    assert len(fewer.link) / len(one.link) == pytest.approx(0.4, abs=0.04)


def test_copies_are_near_their_original_in_time_and_space() -> None:
    copies = wishes(customers(latent_factor=2.0)) - wishes(customers())
    originals = {(link, destination): [] for link, _, destination, _ in wishes(customers())}
    for link, appears_s, destination, _ in wishes(customers()):
        originals[link, destination].append(appears_s)
    upstream = {link: {link} for link in range(ROAD.links)}
    for link in range(ROAD.links):
        for successor in ROAD.successors[link][ROAD.successors[link] < ROAD.links]:
            upstream[link].add(int(successor))
    for link, appears_s, destination, _ in copies:
        within_two = {second for first in upstream[link] for second in upstream[first]}
        times = [time for place in within_two for time in originals.get((place, destination), [])]
        assert min(abs(time - appears_s) for time in times) <= JITTER_S


def test_patience_has_the_configured_mean_and_is_never_negative() -> None:
    found = customers(patience_s=300.0, latent_factor=3.0)
    patience_s = found.leaves_s - found.appears_s
    assert patience_s.mean() == pytest.approx(300.0, rel=0.03)
    # Erlang-2 spreads less than an exponential: variance mean² / 2.
    assert patience_s.std() == pytest.approx(300.0 / np.sqrt(2), rel=0.05)
    assert (patience_s >= 0).all()


def test_the_digest_identifies_the_customers() -> None:
    assert customers().digest == customers().digest
    assert customers(seed=2).digest != customers().digest
    assert customers(patience_s=301.0).digest != customers().digest
    assert customers(latent_factor=1.01).digest != customers().digest


def test_queues_are_sorted_by_link_then_time() -> None:
    found = customers(latent_factor=2.0)
    key = found.link.astype(np.int64) * 100_000 + found.appears_s
    assert (np.diff(key) >= 0).all()
    assert (np.repeat(np.arange(ROAD.links), np.diff(found.arrays.first)) == found.link).all()


def test_fares_are_whole_and_follow_the_tariff() -> None:
    found = customers()
    fare = CITY.fare
    expected = (
        fare.flag_fall_minor
        + fare.per_km_minor * found.distance_m / 1000
        + fare.per_minute_minor * found.arrays.trip[:, DRIVE_S] / 60
    )
    assert np.abs(found.fare_minor - expected).max() <= 0.5


def test_in_twice_the_traffic_trips_take_twice_as_long_and_customers_stay_the_same() -> None:
    one = customers()
    two = draw_customers(CITY, ROAD, DAY, 1, patience_s=300.0, latent_factor=1.0, traffic_factor=2.0)
    assert wishes(two) == wishes(one)
    assert two.arrays.trip[:, DRIVE_S] == pytest.approx(2.0 * one.arrays.trip[:, DRIVE_S], abs=1.0)
    assert two.fare_minor.sum() > one.fare_minor.sum()


def test_the_citys_own_traffic_is_left_to_the_last_bit() -> None:
    assert factors(CITY, DAY).tobytes() == CITY.travel_time_factor[hours_of_week(CITY, DAY)].tobytes()
    assert factors(CITY, DAY, 2.0) == pytest.approx(2.0 * factors(CITY, DAY))
