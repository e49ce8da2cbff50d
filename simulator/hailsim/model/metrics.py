"""Metrics of a simulated day. Money is counted in whole minor units and sums exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.kernels.arrays import APPEARS_S, LEAVES_S, PICKUP_S, SEARCH_S
from hailsim.model.routing_graph import RoutingGraph
from hailsim.model.simulation import DayOutcome


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric as listed by `describe`."""

    name: str
    unit: str
    direction: str
    meaning: str


METRICS = (
    MetricSpec("revenue_minor", "minor currency units", "higher", "Fares of all trips that began on the day."),
    MetricSpec("trips", "trips", "higher", "Customers served."),
    MetricSpec("customers", "customers", "neither", "Customers who looked for a taxi."),
    MetricSpec("lost_customers_pct", "%", "lower", "Share of customers who gave up."),
    MetricSpec("utilisation_pct", "%", "higher", "Occupied share of the time on shift."),
    MetricSpec("empty_distance_m", "m", "lower", "Driven without a customer, all taxis."),
    MetricSpec("occupied_distance_m", "m", "higher", "Driven with a customer, all taxis."),
    MetricSpec("wait_mean_s", "s", "lower", "Mean wait of the customers served; absent when there are none."),
    MetricSpec("wait_p95_s", "s", "lower", "95th percentile of that wait; absent when there are none."),
    MetricSpec(
        "driver_revenue_p10_minor", "minor currency units", "higher", "10th percentile of revenue over the drivers on shift."
    ),
    MetricSpec("driver_revenue_gini", "ratio", "lower", "Inequality of revenue over the drivers on shift, 0 to 1."),
    MetricSpec(
        "follower_revenue_per_driver_minor",
        "minor currency units",
        "higher",
        "Mean over drivers on shift who use the recommendation; absent without any.",
    ),
    MetricSpec(
        "other_revenue_per_driver_minor",
        "minor currency units",
        "higher",
        "Mean over the other drivers on shift; absent without any.",
    ),
    MetricSpec(
        "search_mean_s", "s", "lower", "Mean time from a drop-off to the next pickup of the same shift; absent without any."
    ),
    MetricSpec(
        "forecast_fallback_slots",
        "half hours",
        "lower",
        "Half hours in which the ml forecast was late, missing or broken and the statistics forecast took over.",
    ),
)


@dataclass(frozen=True, slots=True)
class DayReport:
    """Metrics by name (undefined ones are absent), revenue by pickup district, and drivers on shift."""

    metrics: dict[str, float | int]
    zone_revenue_minor: dict[str, int]
    drivers: int


def report_day(outcome: DayOutcome, graph: RoutingGraph) -> DayReport:
    """Compute the metrics of one day."""
    customers, arrays, fleet = outcome.customers, outcome.arrays, outcome.fleet
    served = np.flatnonzero(arrays.wait[:, LEAVES_S] < 0)
    wait = arrays.wait[served]
    driver = -1 - wait[:, LEAVES_S]
    fares, link = customers.fare_minor[served], customers.link[served]
    revenue = int(fares.sum())
    by_driver = _sums(driver, fares, len(fleet.follower))
    by_zone = _sums(graph.district[link], fares, graph.districts)
    busy_s, duty_s = int(arrays.busy_s.sum()), int(arrays.duty_s.sum())
    half_m = graph.length_m[link] / 2.0
    count, wanted = len(served), len(arrays.wait)
    metrics: dict[str, float | int] = {
        "revenue_minor": revenue,
        "trips": count,
        "customers": wanted,
        "lost_customers_pct": 100.0 * (wanted - count) / wanted if wanted else 0.0,
        "utilisation_pct": 100.0 * busy_s / duty_s if duty_s else 0.0,
        "empty_distance_m": float(arrays.entries @ graph.length_m - half_m.sum()),
        "occupied_distance_m": float(customers.distance_m[served].sum() + half_m.sum()),
        "forecast_fallback_slots": outcome.fallback_slots,
    }
    metrics |= _waits(wait[:, PICKUP_S] - wait[:, APPEARS_S], wait[:, SEARCH_S])
    metrics |= _incomes(by_driver, fleet.on_duty, fleet.follower)
    zones = {str(zone): int(sum_minor) for zone, sum_minor in enumerate(by_zone) if sum_minor}
    return DayReport(
        {spec.name: metrics[spec.name] for spec in METRICS if spec.name in metrics}, zones, int(fleet.on_duty.sum())
    )


def gini(amounts: NDArray[np.int64]) -> float:
    """Gini coefficient of non-negative amounts: 0 when all are equal or zero, near 1 when one holds everything."""
    ordered = np.sort(amounts).astype(np.float64)
    count, total = len(ordered), float(ordered.sum())
    if total == 0.0:
        return 0.0
    rank = np.arange(1, count + 1)
    return float((2.0 * (rank * ordered).sum() / total - (count + 1)) / count)


def _sums(cell: NDArray[np.int32], amounts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    # Sums of doubles are exact up to 2^53 minor units, far above a day's revenue.
    return np.bincount(cell, amounts, minlength=length).astype(np.int64)


def _waits(wait_s: NDArray[np.int32], search_s: NDArray[np.int32]) -> dict[str, float | int]:
    found: dict[str, float | int] = {}
    if len(wait_s):
        found |= {"wait_mean_s": float(wait_s.mean()), "wait_p95_s": float(np.percentile(wait_s, 95))}
    within_shift = search_s[search_s >= 0]
    if len(within_shift):
        found["search_mean_s"] = float(within_shift.mean())
    return found


def _incomes(by_driver: NDArray[np.int64], on_duty: NDArray[np.bool_], follower: NDArray[np.bool_]) -> dict[str, float | int]:
    income: dict[str, float | int] = {
        "driver_revenue_p10_minor": float(np.percentile(by_driver[on_duty], 10)),
        "driver_revenue_gini": gini(by_driver[on_duty]),
    }
    for name, group in (("follower", on_duty & follower), ("other", on_duty & ~follower)):
        if group.any():
            income[f"{name}_revenue_per_driver_minor"] = float(by_driver[group].mean())
    return income
