from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailsim.model.city import HOURS_PER_WEEK
from hailsim.readers.factors import default_factors, travel_time_factors
from hailsim.readers.fleet import active_seconds, cabs_a_day, default_fleet, fleet_of_cabs
from hailsim.readers.known_cities import known_city_at, us_holidays
from hailsim.readers.tariffs import TARIFFS


def test_a_uniform_ratio_is_recovered_in_every_hour() -> None:
    freeflow_s = np.linspace(100.0, 900.0, 50).astype(np.float32)
    factors = travel_time_factors(np.arange(50) % 7, freeflow_s * 1.7, freeflow_s)
    assert factors == pytest.approx(np.full(HOURS_PER_WEEK, 1.7), rel=1e-5)


def test_hours_with_few_trips_shrink_to_the_hour_of_day() -> None:
    hour = np.concatenate([np.full(5000, 8), np.full(5000, 32), np.full(2, 56)])
    ratio = np.concatenate([np.full(5000, 3.0), np.full(5000, 2.0), np.full(2, 1.0)])
    freeflow_s = np.full(len(hour), 300.0, dtype=np.float32)
    factors = travel_time_factors(hour, ratio * 300.0, freeflow_s)
    assert factors[8] == pytest.approx(3.0, abs=0.02)
    assert factors[32] == pytest.approx(2.0, abs=0.02)
    # Two trips move the third day's 08h by 2/52 of the way from the hour of day towards their own ratio.
    assert factors[56] == pytest.approx(factors[80] + 2 / 52 * (1.0 - factors[80]), abs=1e-3)


def test_factors_stay_within_bounds_and_ignore_short_drives() -> None:
    freeflow_s = np.array([300.0, 300.0, 10.0], dtype=np.float32)
    assert travel_time_factors(np.zeros(3, dtype=np.int64), np.array([9000.0, 9000.0, 10.0]), freeflow_s).max() == 4.0
    assert travel_time_factors(np.zeros(3, dtype=np.int64), np.array([30.0, 30.0, 9000.0]), freeflow_s).min() == 1.0
    assert travel_time_factors(np.zeros(1, dtype=np.int64), np.array([50.0]), np.array([10.0], dtype=np.float32)) is None


def test_the_default_profile_has_a_value_for_every_hour_of_the_week() -> None:
    assert default_factors().shape == (HOURS_PER_WEEK,)
    assert 1.0 < default_factors().min() < 1.5 < default_factors().max() < 2.5


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 86_399), st.integers(-100, 20_000)), min_size=0, max_size=20))
def test_active_seconds_match_counting_one_by_one(intervals: list[tuple[int, int, int]]) -> None:
    expected = np.zeros(24)
    for day, second, duration in intervals:
        if 0 <= day < 3:
            for moment in range(second, second + max(0, duration)):
                expected[moment // 3600 % 24] += 1
    columns = [np.array([interval[k] for interval in intervals], dtype=np.int64) for k in range(3)]
    assert np.array_equal(active_seconds(*columns, 3), expected)


def test_the_fleet_is_the_median_of_cabs_a_day_and_its_seconds_by_hour() -> None:
    cab, day = np.array([1, 2, 3, 1, 1, 2, 9]), np.array([0, 0, 0, 1, 2, 2, 7])
    assert cabs_a_day(cab, day, 3) == 2
    fleet = fleet_of_cabs(2, np.full(24, 3 * 3600.0), 3)
    assert fleet.active_share == pytest.approx(np.full(24, 0.5))
    assert fleet_of_cabs(2, np.zeros(24), 3).active_share.min() > 0.0


def test_a_default_fleet_is_occupied_half_of_its_time() -> None:
    fleet = default_fleet(None, 4000 * 3600.0, 4)
    assert fleet.taxis * float(fleet.active_share.sum()) * 0.5 == pytest.approx(4000.0, rel=0.01)
    assert fleet.active_share.argmin() == 0
    assert default_fleet(123, 1.0, 4).taxis == 123


def metered_minor(miles: float, flag: int, step: int) -> int:
    """What a meter shows: the flag fall for the first fifth of a mile, then a step at the beginning of each further one."""
    return flag + step * max(0, int(np.ceil(miles / 0.2 - 1e-9)) - 1)


@pytest.mark.parametrize(("name", "flag", "step"), [("san_francisco_2008", 310, 45), ("new_york_2012", 250, 50)])
def test_linearised_tariffs_match_the_meter_on_average(name: str, flag: int, step: int) -> None:
    fare = TARIFFS[name]
    miles = np.linspace(0.3, 12.0, 2000)
    linear = fare.flag_fall_minor + fare.per_km_minor * miles * 1.609344
    metered = np.array([metered_minor(float(m), flag, step) for m in miles])
    assert linear.mean() == pytest.approx(metered.mean(), rel=0.005)
    assert np.abs(linear - metered).max() <= step


def test_holidays_of_the_united_states() -> None:
    assert date(2008, 5, 26) in us_holidays(2008)
    assert us_holidays(2015) >= {date(2015, 1, 1), date(2015, 1, 19), date(2015, 2, 16), date(2015, 5, 25), date(2015, 7, 4)}
    assert us_holidays(2014) >= {
        date(2014, 9, 1),
        date(2014, 10, 13),
        date(2014, 11, 11),
        date(2014, 11, 27),
        date(2014, 12, 25),
    }
    assert all(len(us_holidays(year)) == 10 for year in range(2000, 2030))


def test_known_cities_are_found_by_coordinates() -> None:
    names = [
        place.name if place else None
        for place in (known_city_at(37.77, -122.42), known_city_at(40.76, -73.98), known_city_at(35.68, 139.76))
    ]
    assert names == ["san_francisco", "new_york", None]
