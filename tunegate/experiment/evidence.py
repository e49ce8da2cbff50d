"""What a look at a running experiment is made from: the schedule, the rows that count, and the windows that they fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tunegate.domain.days import Arm
from tunegate.experiment.observations import Exclusion, Observation, ObservationKey, current_rows
from tunegate.experiment.schedule import DAY_MIN, Schedule, Window
from tunegate.gate.policy import GuardrailPolicy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ExperimentEvidence:
    """Everything that judges a look. `versions` are the published versions that readers of each arm run and log.

    `observations` may hold rows from before and after the experiment; `now` is the time of the look by the monitor's clock.
    """

    region: str
    currency: str
    schedule: Schedule
    versions: Mapping[Arm, int]
    observations: tuple[Observation, ...]
    exclusions: tuple[Exclusion, ...]
    guardrails: tuple[GuardrailPolicy, ...]
    now: datetime

    def within(self, days: int) -> EvidenceWithin:
        """What belongs to the first `days` days, with corrections applied."""
        schedule = self.schedule
        end = schedule.day_end(days)
        current = current_rows(self.observations)
        return EvidenceWithin(
            days=days,
            windows=tuple(window for window in schedule.windows if window.end_utc <= end),
            rows=tuple(row for row in current.rows if schedule.start_utc <= row.window_start < end),
            contradictions=tuple(key for key in current.contradictions if schedule.start_utc <= key[1] < end),
            excluded=frozenset(exclusion.window_start for exclusion in self.exclusions),
        )


@dataclass(frozen=True, slots=True)
class EvidenceWithin:
    """The windows of so many days, and the latest row of every window and arm in them."""

    days: int
    windows: tuple[Window, ...]
    rows: tuple[Observation, ...]
    contradictions: tuple[ObservationKey, ...]
    excluded: frozenset[datetime]

    def rows_by_window(self) -> dict[datetime, list[Observation]]:
        """The rows of each window start."""
        found: dict[datetime, list[Observation]] = {}
        for row in self.rows:
            found.setdefault(row.window_start, []).append(row)
        return found

    def counted(self) -> tuple[tuple[Window, tuple[Observation, ...]], ...]:
        """The windows that the analysis uses, with their rows: observed, and not taken out by a person."""
        rows = self.rows_by_window()
        return tuple(
            (window, tuple(rows[window.start_utc]))
            for window in self.windows
            if window.start_utc in rows and window.start_utc not in self.excluded
        )


@dataclass(frozen=True, slots=True)
class WindowTable:
    """The counted windows as arrays of length n; `slots` is the number of windows of an ordinary day.

    `position` is a window's number in the schedule.
    """

    position: IntArray
    day: IntArray
    slot: IntArray
    candidate: FloatArray
    measured_min: FloatArray
    slots: int
    rows: tuple[tuple[Observation, ...], ...]

    @property
    def revenue_per_min(self) -> FloatArray:
        """Revenue per measured minute, so that windows of days on which the clocks change are comparable."""
        return np.array([sum(row.revenue_minor for row in rows) for rows in self.rows]) / self.measured_min

    @property
    def driver_hours_per_min(self) -> FloatArray:
        """Driver hours per measured minute."""
        return np.array([sum(row.driver_hours for row in rows) for rows in self.rows]) / self.measured_min

    def metric(self, name: str) -> FloatArray:
        """A metric by window, weighted by driver hours where both arms ran; not a number where a row does not have it."""
        return np.array([_mean_metric(rows, name) for rows in self.rows])


def window_table(schedule: Schedule, within: EvidenceWithin) -> WindowTable:
    """Arrange the counted windows by day and time of day."""
    counted = within.counted()
    places = [schedule.local_slot(window) for window, _ in counted]
    plan = schedule.plan
    position = {window.start_utc: number for number, window in enumerate(schedule.windows)}
    return WindowTable(
        position=np.array([position[window.start_utc] for window, _ in counted], dtype=np.int64),
        day=np.array([day for day, _ in places], dtype=np.int64),
        slot=np.array([minute // plan.window_min for _, minute in places], dtype=np.int64),
        candidate=np.array([float(window.arm is Arm.CANDIDATE) for window, _ in counted]),
        measured_min=np.array([window.minutes - plan.washout_min for window, _ in counted]),
        slots=DAY_MIN // plan.window_min,
        rows=tuple(rows for _, rows in counted),
    )


def _mean_metric(rows: tuple[Observation, ...], name: str) -> float:
    weight = np.array([row.driver_hours for row in rows]) + 1e-9
    return float(np.average([row.metrics.get(name, np.nan) for row in rows], weights=weight))
