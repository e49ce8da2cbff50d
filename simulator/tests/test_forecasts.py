from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from small_city import FIRST_DAY, small_city

from hailsim.faults import BadInput
from hailsim.forecast.counts import pickup_counts, similar_days
from hailsim.forecast.forecast_cache import VARIABLE, cached_forecasts
from hailsim.forecast.ml import MlForecasts, train_forecasts
from hailsim.forecast.statistics import statistics_forecast
from hailsim.model.calendar import DayType, History, day_type
from hailsim.model.city import City
from hailsim.model.world import make_world

CITY = small_city(days=14, trips_per_day=1500)
HISTORY = History(FIRST_DAY, FIRST_DAY + timedelta(days=6))
DAY = FIRST_DAY + timedelta(days=9)


def without_trips_from(city: City, day: int, second: int = 0) -> City:
    trips = city.trips
    keep = (trips.day < day) | ((trips.day == day) & (trips.appears_s < second))
    arrays = {name: getattr(trips, name)[keep] for name in trips.__dataclass_fields__}
    return replace(city, trips=replace(trips, **arrays))


def test_counts_include_every_recorded_trip() -> None:
    counts = pickup_counts(CITY)
    assert counts.sum() == len(CITY.trips)
    assert counts[3].sum() == (CITY.trips.day == 3).sum()


def test_statistics_is_the_mean_of_the_history_days_of_the_same_type() -> None:
    counts = pickup_counts(CITY)
    thursday_after = FIRST_DAY + timedelta(days=10)
    assert day_type(CITY, thursday_after) is DayType.MONDAY_TO_THURSDAY
    # The Thursday of the history is a holiday, so three days are left: Monday to Wednesday.
    assert np.allclose(statistics_forecast(CITY, counts, HISTORY, thursday_after), counts[:3].mean(axis=0))


def test_a_type_without_history_days_takes_the_most_similar_one() -> None:
    only_monday_to_friday = History(FIRST_DAY, FIRST_DAY + timedelta(days=4))
    found = similar_days(CITY, only_monday_to_friday, DayType.SATURDAY)
    assert found == [FIRST_DAY + timedelta(days=4)]


def test_holidays_count_as_sundays() -> None:
    assert day_type(CITY, FIRST_DAY + timedelta(days=3)) is DayType.SUNDAY_OR_HOLIDAY


@pytest.mark.parametrize("kind", ["ml", "statistics"])
def test_a_forecast_is_not_trained_on_days_after_the_history(kind: str) -> None:
    later_day = 10
    full, cut = make_world(CITY), make_world(without_trips_from(CITY, later_day))
    # The day itself is untouched in both; the days after it are gone in the second.
    assert (full.forecast(kind, DAY, HISTORY, 0.0).pickups == cut.forecast(kind, DAY, HISTORY, 0.0).pickups).all()


def test_ml_forecast_of_a_half_hour_sees_only_the_half_hours_before() -> None:
    noon_slot, noon_s = 24, 24 * 1800
    day_number = (DAY - FIRST_DAY).days
    full = train_forecasts(CITY, pickup_counts(CITY), HISTORY).of_day(DAY)
    blind = without_trips_from(CITY, day_number, noon_s)
    cut = train_forecasts(blind, pickup_counts(blind), HISTORY).of_day(DAY)
    assert (full[: noon_slot + 1] == cut[: noon_slot + 1]).all()
    assert (full[noon_slot + 1 :] != cut[noon_slot + 1 :]).any()


def test_the_ml_forecast_is_bit_reproducible() -> None:
    counts = pickup_counts(CITY)
    assert train_forecasts(CITY, counts, HISTORY).pickups.tobytes() == train_forecasts(CITY, counts, HISTORY).pickups.tobytes()


def test_ml_needs_enough_history() -> None:
    with pytest.raises(BadInput, match="at least 3 history days"):
        train_forecasts(CITY, pickup_counts(CITY), History(FIRST_DAY, FIRST_DAY + timedelta(days=1)))


def test_late_half_hours_use_the_statistics_forecast_and_are_counted() -> None:
    world = make_world(CITY)
    statistics = world.forecast("statistics", DAY, HISTORY, 0.0)
    ml = world.forecast("ml", DAY, HISTORY, 0.0)
    half = world.forecast("ml", DAY, HISTORY, 0.5)
    late = (half.pickups == statistics.pickups).all(axis=1)
    in_time = (half.pickups == ml.pickups).all(axis=1)
    assert (late | in_time).all()
    assert half.fallback_slots == late.sum()
    assert 12 <= half.fallback_slots <= 36
    assert world.forecast("ml", DAY, HISTORY, 1.0).fallback_slots == 48
    assert ml.fallback_slots == statistics.fallback_slots == 0


@pytest.mark.parametrize("broken", [np.nan, np.inf, -0.5])
def test_unusable_ml_half_hours_use_the_statistics_forecast_and_are_counted(broken: float) -> None:
    world = make_world(CITY)
    whole = world.forecast("ml", DAY, HISTORY, 0.0).pickups
    forecasts = world.cache.get(("ml", HISTORY), MlForecasts, lambda: pytest.fail("it was learnt just now"))
    forecasts.of_day(DAY)[[7, 30], 0] = broken
    found = world.forecast("ml", DAY, HISTORY, 0.0)
    statistics = world.forecast("statistics", DAY, HISTORY, 0.0).pickups
    assert found.fallback_slots == 2
    assert (found.pickups[[7, 30]] == statistics[[7, 30]]).all()
    others = np.setdiff1d(np.arange(48), [7, 30])
    assert (found.pickups[others] == whole[others]).all()


def test_cached_forecasts_are_trained_once_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "new"))
    forecasts: list[MlForecasts] = []

    def learn() -> MlForecasts:
        forecasts.append(train_forecasts(CITY, pickup_counts(CITY), HISTORY))
        return forecasts[-1]

    first, second = cached_forecasts(CITY, HISTORY, learn), cached_forecasts(CITY, HISTORY, learn)
    assert len(forecasts) == 1
    assert (first.pickups == second.pickups).all()
    assert second.first == HISTORY.last + timedelta(days=1)
    other = History(FIRST_DAY, FIRST_DAY + timedelta(days=7))
    cached_forecasts(CITY, other, lambda: train_forecasts(CITY, pickup_counts(CITY), other))
    assert sorted(path.suffix for path in (tmp_path / "new").iterdir()) == [".npy", ".npy"]


def test_a_damaged_cache_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    cached_forecasts(CITY, HISTORY, lambda: train_forecasts(CITY, pickup_counts(CITY), HISTORY))
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadInput, match="complete NumPy file"):
        cached_forecasts(CITY, HISTORY, lambda: pytest.fail("nothing is to be learnt"))


def rmse(expected: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(expected - truth))))


def poisson_deviance(expected: np.ndarray, truth: np.ndarray) -> float:
    # A forecast of nothing at all where something came would be infinitely wrong; one in a thousand is the least.
    expected = np.maximum(expected.astype(np.float64), 1e-3)
    return float(2.0 * np.mean(np.where(truth > 0, truth * np.log(np.maximum(truth, 1.0) / expected), 0.0) - truth + expected))


@pytest.mark.slow
def test_ml_beats_statistics_on_held_out_days_of_san_francisco(san_francisco: City) -> None:
    counts = pickup_counts(san_francisco)
    history = History(san_francisco.first_day, san_francisco.first_day + timedelta(days=7))
    forecasts = train_forecasts(san_francisco, counts, history)
    held_out = [history.last + timedelta(days=1 + n) for n in range((san_francisco.last_day - history.last).days)]

    def statistics(day: date) -> np.ndarray:
        return statistics_forecast(san_francisco, counts, history, day)

    truth = np.stack([counts[(day - san_francisco.first_day).days] for day in held_out]).astype(np.float64)
    ml, mean = np.stack([forecasts.of_day(day) for day in held_out]), np.stack([statistics(day) for day in held_out])
    assert rmse(ml, truth) < 0.92 * rmse(mean, truth)
    assert poisson_deviance(ml, truth) < 0.92 * poisson_deviance(mean, truth)
