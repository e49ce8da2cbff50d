"""One operating day of the street: which half hours run which arm, and what each window brought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.kernels.arrays import APPEARS_S, LEAVES_S, PICKUP_S, SEARCH_S, SLOT_S, SLOTS
from hailsim.live.published import CANDIDATE, Experiment, Window
from hailsim.model.simulation import DayOutcome, Scenario, prepare_day, simulate_switching_day
from hailsim.model.world import World

SLOT = timedelta(seconds=SLOT_S)
RECORDED_AFTER = timedelta(minutes=5)
"""When a row is written, after the end of its window."""


@dataclass(frozen=True, slots=True)
class WindowSpan:
    """A window within an operating day, in seconds of the day."""

    window: Window
    start_s: int
    end_s: int


def spans_of_day(experiment: Experiment, day: date, day_start_hour: int) -> tuple[WindowSpan, ...]:
    """The windows of the operating day that begins on a calendar day, by the local clock.

    The simulated clock shows every hour once: an hour that local clocks skip belongs to no window, and one that they repeat
    belongs to the first of its two windows. Raises BadInput: a window does not begin and end with half hours of this day.
    """
    by_start = {window.start: number for number, window in enumerate(experiment.windows)}
    first = datetime.combine(day, time(day_start_hour))
    found: list[WindowSpan] = []
    for slot in range(SLOTS):
        wall = first + slot * SLOT
        instant = wall.replace(tzinfo=experiment.zone).astimezone(UTC)
        if instant.astimezone(experiment.zone).replace(tzinfo=None) != wall:
            continue
        if instant in by_start:
            window = experiment.windows[by_start[instant]]
            found.append(WindowSpan(window, slot * SLOT_S, (slot + 1) * SLOT_S))
        elif found and instant < found[-1].window.end:
            found[-1] = replace(found[-1], end_s=(slot + 1) * SLOT_S)
        elif experiment.windows[0].start <= instant < experiment.windows[-1].end:
            raise _misfit(experiment, day, day_start_hour)
    end_of_day = (first + SLOTS * SLOT).replace(tzinfo=experiment.zone)
    if found and found[-1].window.end > end_of_day:
        raise _misfit(experiment, day, day_start_hour)
    return tuple(found)


def candidate_slots(spans: tuple[WindowSpan, ...]) -> NDArray[np.bool_]:
    """Which half hours run the candidate; production runs outside of windows."""
    slots = np.zeros(SLOTS, np.bool_)
    for span in spans:
        slots[span.start_s // SLOT_S : span.end_s // SLOT_S] = span.window.arm == CANDIDATE
    return slots


def run_street_day(
    world: World, scenario: Scenario, experiment: Experiment, spans: tuple[WindowSpan, ...], *, day: date, seed: int
) -> DayOutcome:
    """Simulate a city's day with the arms of the windows."""
    prepared = prepare_day(world, scenario, day, seed)
    candidate = prepare_day(world, replace(scenario, parameters=experiment.candidate), day, seed).plan
    return simulate_switching_day(prepared, candidate, candidate_slots(spans), world.graph.links)


def observation_rows(
    outcome: DayOutcome, experiment: Experiment, region: str, spans: tuple[WindowSpan, ...]
) -> Iterator[dict[str, str | int | float]]:
    """A row for every window: figures from the end of its washout on, by the time of pickup.

    Driver hours are those of the planned shifts.
    """
    wait = outcome.arrays.wait
    served = wait[:, LEAVES_S] < 0
    pickup_s, fares = wait[served, PICKUP_S], outcome.customers.fare_minor[served]
    waited_s, search_s = pickup_s - wait[served, APPEARS_S], wait[served, SEARCH_S]
    shifts = outcome.fleet.arrays.shifts
    for span in spans:
        start_s = span.start_s + 60 * experiment.washout_min
        within = (pickup_s >= start_s) & (pickup_s < span.end_s)
        on_duty_s = np.minimum(shifts[..., 1], span.end_s) - np.maximum(shifts[..., 0], start_s)
        row: dict[str, str | int | float] = {
            "region": region,
            "window_start": span.window.start.isoformat(),
            "arm": span.window.arm,
            "revenue_minor": int(fares[within].sum()),
            "driver_hours": round(float(np.maximum(on_duty_s, 0).sum()) / 3600, 4),
            "trips": int(within.sum()),
            "version": experiment.versions[span.window.arm],
            "recorded_at": (span.window.end + RECORDED_AFTER).isoformat(),
            "currency": experiment.currency,
            "wait_mean_s": _mean(waited_s[within]),
            "search_mean_s": _mean(search_s[within & (search_s >= 0)]),
        }
        yield row


def _mean(values: NDArray[np.int32]) -> float | str:
    """Rounded; empty where there is nothing to average."""
    return round(float(values.mean()), 2) if len(values) else ""


def _misfit(experiment: Experiment, day: date, day_start_hour: int) -> Exception:
    window = experiment.windows[0]
    return refuse(
        "windows must begin and end with half hours, and none may lie across the start of an operating day",
        f"windows of {(window.end - window.start) / timedelta(minutes=1):g} minutes, days from {day_start_hour:02d}:00",
        f"experiment.windows on {day}",
        "Plan windows of 30, 60, 120 or 240 minutes.",
    )
