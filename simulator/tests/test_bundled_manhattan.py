from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from city_samples import REPOSITORY, SHARED

from hailsim.model.city import City, RoadClass
from hailsim.model.folder import read_city
from hailsim.model.paths import drive_times
from hailsim.model.random_streams import random_bits, random_normal, random_uniform
from hailsim.model.synthetic_demand import SyntheticDemand, TripPattern, generate_trips
from hailsim.model.tables import pattern_bytes, pattern_from_bytes

FOLDER = Path(str(resources.files("hailsim") / "bundled" / "manhattan"))
needs_wheel_files = pytest.mark.skipif(
    not (SHARED / "manhattan").is_dir(), reason="the files of nrel.hive are not at ../shared/data/manhattan"
)


@pytest.fixture(scope="module")
def city() -> City:
    return read_city("manhattan")


@pytest.fixture
def pattern() -> TripPattern:
    return pattern_from_bytes((FOLDER / "pattern.parquet").read_bytes(), "pattern.parquet")


def demand(**changes: object) -> SyntheticDemand:
    values: dict[str, object] = {
        "key": 7,
        "trips_per_day": 5000.0,
        "half_hour_of_week": np.ones(336),
        "holiday_factor": {},
        "day_sd": 0.0,
        "half_hour_sd": 0.0,
        "half_hour_correlation": 0.0,
        "window_min": 60,
    }
    return SyntheticDemand(**{**values, **changes})  # type: ignore[arg-type]


def test_the_city_is_small_and_carries_its_licences() -> None:
    files = {path.name: path for path in FOLDER.iterdir()}
    assert sum(path.stat().st_size for path in files.values()) < 1_000_000
    assert set(files) == {"ATTRIBUTION.md", "HIVE_LICENSE.txt", "ODbL.md", "city.json", "links.npz", "pattern.parquet"}
    assert "BSD 3-Clause" in files["HIVE_LICENSE.txt"].read_text()
    assert "OpenStreetMap contributors" in files["ODbL.md"].read_text()
    assert "drawn, not recorded" in files["ATTRIBUTION.md"].read_text()
    assert any("OpenStreetMap" in line for line in json.loads(files["city.json"].read_text())["attribution"])


def test_its_days_suffice_for_history_tuning_validation_and_two_test_weeks(city: City) -> None:
    assert (city.first_day, city.last_day, city.days) == (date(2014, 12, 1), date(2015, 1, 31), 62)
    assert city.holidays == {date(2014, 12, 25), date(2015, 1, 1), date(2015, 1, 19)}
    assert (city.timezone, city.driving_side, city.fare.currency, city.drivers) == ("America/New_York", "right", "USD", 500)


def test_days_follow_the_week_and_holidays_are_quieter(city: City) -> None:
    per_day = np.bincount(city.trips.day, minlength=city.days)
    usual = [int(per_day[k]) for k in range(city.days) if date.fromordinal(city.first_day.toordinal() + k) not in city.holidays]
    assert 18_000 < np.mean(usual) < 22_000
    assert per_day[(date(2014, 12, 25) - city.first_day).days] < 0.6 * np.mean(usual)
    weekday = (np.arange(city.days) + city.first_day.weekday()) % 7
    assert per_day[weekday == 5].mean() > 1.15 * per_day[weekday == 0].mean()


def test_the_fleet_can_serve_the_demand_in_about_half_its_time(city: City) -> None:
    hour_of_week = (city.first_day.weekday() + city.trips.day) * 24 + city.day_start_hour + city.trips.appears_s // 3600
    drive_s = float((city.trips.drive_freeflow_s * city.travel_time_factor[hour_of_week % 168]).sum()) / city.days
    shift_s = city.drivers * float(city.fleet.active_share.sum()) * 3600.0
    assert 0.45 < drive_s / shift_s < 0.55


def test_no_day_is_a_copy_of_another(city: City) -> None:
    trips = city.trips
    days = [
        Counter(zip(trips.pickup_link[trips.day == k].tolist(), trips.dropoff_link[trips.day == k].tolist(), strict=True))
        for k in (9, 16)
    ]
    common = sum((days[0] & days[1]).values())
    assert common < 0.45 * min(days[0].total(), days[1].total())


def test_drives_are_the_fastest_on_the_network(city: City) -> None:
    trips = city.trips
    rows = np.arange(0, len(trips), 1009)
    pickup, dropoff = trips.pickup_link[rows].astype(np.int64), trips.dropoff_link[rows].astype(np.int64)
    time_s, distance_m = drive_times(city.network, city.turn_s, pickup, dropoff)
    assert np.allclose(trips.drive_freeflow_s[rows], time_s, atol=0.06)
    # Equally fast ways may differ in length, so lengths agree in nearly all cases, not in all.
    assert np.mean(np.abs(trips.distance_m[rows] - distance_m) <= 1.0) > 0.97
    assert (city.network.road_class[trips.pickup_link] != RoadClass.EXPRESS).all()


def test_a_generated_day_does_not_depend_on_other_days(pattern: TripPattern) -> None:
    noisy = demand(day_sd=0.06, half_hour_sd=0.06, half_hour_correlation=0.9)
    week = generate_trips(pattern, noisy, date(2014, 12, 1), 7, 4)
    alone = generate_trips(pattern, noisy, date(2014, 12, 4), 1, 4)
    here = week.day == 3
    for name in ("appears_s", "pickup_link", "dropoff_link", "drive_freeflow_s", "distance_m"):
        assert np.array_equal(getattr(week, name)[here], getattr(alone, name)), name


def test_another_key_generates_other_days(pattern: TripPattern) -> None:
    one, two = (generate_trips(pattern, demand(key=key), date(2014, 12, 1), 1, 4) for key in (7, 8))
    assert not np.array_equal(one.pickup_link[:2000], two.pickup_link[:2000])


def test_numbers_of_customers_follow_profile_and_holiday(pattern: TripPattern) -> None:
    profile = np.ones(336)
    profile[:48] = 0.5  # Monday
    profile[2 * 24 + 0 : 2 * 24 + 8] = 0.0  # Tuesday until 4 am belongs to Monday's operating day
    trips = generate_trips(
        pattern, demand(half_hour_of_week=profile, holiday_factor={date(2014, 12, 4): 0.25}), date(2014, 12, 1), 5, 4
    )
    per_day = np.bincount(trips.day)
    assert per_day[0] == pytest.approx(5000 / 48 * 40 * 0.5, abs=30)
    assert per_day[[1, 2, 4]] == pytest.approx(5000, abs=60)
    # A holiday is a Sunday, whose night is Monday's early morning.
    assert per_day[3] == pytest.approx(0.25 * 5000 / 48 * (40 + 8 * 0.5), abs=30)
    assert trips.appears_s[trips.day == 0].max() < 20 * 3600


def test_customers_repeat_trips_of_about_their_time_of_day(pattern: TripPattern) -> None:
    trips = generate_trips(pattern, demand(trips_per_day=400.0), date(2014, 12, 1), 1, 4)
    for row in range(0, len(trips), 13):
        same = (pattern.dropoff_link == trips.dropoff_link[row]) & (pattern.pickup_link == trips.pickup_link[row]).any(axis=1)
        minute = (4 * 60 + trips.appears_s[row] // 60) % 1440
        away = np.abs(pattern.minute[same] - minute)
        assert np.minimum(away, 1440 - away).min() <= 90


def test_trips_are_sorted_and_within_the_day(city: City) -> None:
    moment = city.trips.day.astype(np.int64) * 86_400 + city.trips.appears_s
    assert (np.diff(moment) >= 0).all()
    assert city.trips.appears_s.min() >= 0
    assert city.trips.appears_s.max() < 86_400


def test_a_pattern_survives_its_file(pattern: TripPattern) -> None:
    again = pattern_from_bytes(pattern_bytes(pattern), "again")
    assert all(np.array_equal(getattr(again, name), getattr(pattern, name)) for name in TripPattern.__slots__)


def test_random_numbers_never_change() -> None:
    # A change here changes every drawn day on every machine: raise DRAW_VERSION instead.
    assert [int(bits) for bits in random_bits(1, np.arange(3))] == [
        6791897765849424158,
        7235116703822611636,
        13604808898340030615,
    ]
    assert float(random_uniform(20141221, np.array([735568]), 5)[0]) == 0.795451252919945


def test_random_numbers_are_uniform() -> None:
    uniform = random_uniform(3, np.arange(20_000), 1)
    assert np.bincount((uniform * 20).astype(int), minlength=20) == pytest.approx(np.full(20, 1000), abs=150)
    normal = random_normal(3, np.arange(20_000))
    assert normal.mean() == pytest.approx(0.0, abs=0.03)
    assert normal.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(uniform[:-1], uniform[1:])[0, 1] == pytest.approx(0.0, abs=0.03)


@needs_wheel_files
@pytest.mark.slow
def test_the_build_script_reproduces_the_bundled_city(tmp_path: Path, city: City) -> None:
    script = REPOSITORY / "simulator" / "scripts" / "build_manhattan.py"
    command = [sys.executable, str(script), str(SHARED / "manhattan"), "--out", str(tmp_path / "manhattan")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    again = read_city(tmp_path / "manhattan")
    # Arrays, not bytes: another version of a compressor writes other bytes.
    for part in ("network", "trips"):
        one, two = getattr(city, part), getattr(again, part)
        assert all(np.array_equal(getattr(one, name), getattr(two, name)) for name in type(one).__slots__), part
    assert np.array_equal(city.travel_time_factor, again.travel_time_factor)
