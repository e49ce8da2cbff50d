"""From day results to arrays: cells (D, R) in the order of the evidence's days and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from tunegate.domain.days import Arm, DayResult, Forecast, SimulationAnswer
from tunegate.gate.evidence import Pattern, rows_by_cell
from tunegate.gate.intervals import FloatArray

REVENUE = "revenue_minor"

Rows = tuple[tuple[DayResult, ...], ...]


@dataclass(frozen=True, slots=True)
class PairedRows:
    """The day results of both arms under one forecast, by day and seed."""

    production: Rows
    candidate: Rows


class Runs(Protocol):
    """Answers of patterns on the same days and seeds: evidence of a gate, or runs on tuning days."""

    @property
    def days(self) -> tuple[date, ...]:
        """Days, in order."""
        ...

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of every day."""
        ...

    @property
    def answers(self) -> Mapping[Pattern, SimulationAnswer]:
        """What was simulated; a pattern may be missing."""
        ...


def paired_rows(runs: Runs, forecast: Forecast) -> PairedRows | None:
    """Both arms' rows, or None when an arm or any day and seed is missing."""
    production = _rows(runs, Arm.PRODUCTION, forecast)
    candidate = _rows(runs, Arm.CANDIDATE, forecast)
    return None if production is None or candidate is None else PairedRows(production, candidate)


def _rows(runs: Runs, arm: Arm, forecast: Forecast) -> Rows | None:
    answer = runs.answers.get((arm, forecast))
    if answer is None or not runs.days or not runs.seeds:
        return None
    found = rows_by_cell(answer)
    if any((day, seed) not in found for day in runs.days for seed in runs.seeds):
        return None
    return tuple(tuple(found[day, seed] for seed in runs.seeds) for day in runs.days)


def metric_cells(rows: Rows, metric: str) -> FloatArray | None:
    """One metric as (D, R), or None when any row lacks it or holds no finite number."""
    values = np.array([[row.metrics.get(metric, np.nan) for row in day] for day in rows], dtype=np.float64)
    return values if np.isfinite(values).all() else None


def zone_cells(rows: Rows, zones: tuple[str, ...]) -> FloatArray:
    """Revenue by zone as (D, R, Z); a zone that a row does not name took nothing there."""
    return np.array(
        [[[row.zone_revenue_minor.get(zone, 0) for zone in zones] for row in day] for day in rows], dtype=np.float64
    )
