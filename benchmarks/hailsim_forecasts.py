"""How good the forecasts are on days that they were not learnt from: `python benchmarks/hailsim_forecasts.py`.

Pickups per zone and half hour, forecast against recorded, over all zones and by hour of the day: root of the mean squared
error, and mean Poisson deviance (expected values below a thousandth count as one). San Francisco's later eight days after its
first eight, and January of the bundled Manhattan after its December.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hailsim_cases import SAN_FRANCISCO, san_francisco
from numpy.typing import NDArray

from hailsim.forecast.counts import day_index, pickup_counts
from hailsim.forecast.ml import train_forecasts
from hailsim.forecast.statistics import statistics_forecast
from hailsim.kernels.arrays import SLOTS_PER_HOUR
from hailsim.model.calendar import HOURS, History
from hailsim.model.city import City
from hailsim.model.folder import read_city

LEAST = 1e-3
Floats = NDArray[np.float64]


def rmse(expected: Floats, truth: Floats) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.square(expected - truth).mean()))


def deviance(expected: Floats, truth: Floats) -> float:
    """Mean Poisson deviance."""
    expected = np.maximum(expected, LEAST)
    terms = np.where(truth > 0, truth * np.log(np.maximum(truth, 1.0) / expected), 0.0) - truth + expected
    return float(2.0 * terms.mean())


def bench(city: City, history: History) -> None:
    """One city's table."""
    counts = pickup_counts(city)
    days = [history.last + timedelta(days=1 + n) for n in range((city.last_day - history.last).days)]
    forecasts = train_forecasts(city, counts, history)
    truth = np.stack([counts[day_index(city, day)] for day in days]).astype(np.float64)
    ml = np.stack([forecasts.of_day(day) for day in days]).astype(np.float64)
    mean = np.stack([statistics_forecast(city, counts, history, day) for day in days]).astype(np.float64)
    print(f"\n{city.name}: {days[0]} to {days[-1]}, learnt from {history.first} to {history.last}, {truth.shape[2]} zones")
    heads = ("pickups", "RMSE ml", "statistics", "ratio", "deviance ml", "statistics", "ratio")
    print("  hour" + "".join(f"{head:>{width}}" for head, width in zip(heads, (9, 9, 12, 7, 13, 12, 7), strict=True)))
    for hour in [*range(HOURS), None]:
        here = slice(None) if hour is None else slice(hour * SLOTS_PER_HOUR, (hour + 1) * SLOTS_PER_HOUR)
        parts = [values[:, here] for values in (ml, mean, truth)]
        errors = [measure(expected, parts[2]) for measure in (rmse, deviance) for expected in parts[:2]]
        label = "all" if hour is None else f"{(city.day_start_hour + hour) % HOURS:02d}"
        print(
            f"{label:>6}{parts[2].sum() / len(days):9,.0f}{errors[0]:9.2f}{errors[1]:12.2f}{errors[0] / errors[1]:7.2f}"
            f"{errors[2]:13.3f}{errors[3]:12.3f}{errors[2] / errors[3]:7.2f}"
        )


def main() -> None:
    """San Francisco where its records are, and Manhattan."""
    if SAN_FRANCISCO.is_dir():
        city = san_francisco()[0]
        bench(city, History(city.first_day, city.first_day + timedelta(days=7)))
    else:
        print(f"San Francisco: left out, needs the records in {SAN_FRANCISCO}")
    bench(read_city("manhattan"), History(date(2014, 12, 1), date(2014, 12, 31)))


if __name__ == "__main__":
    main()
