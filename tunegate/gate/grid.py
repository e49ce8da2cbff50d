"""From day results to arrays: cells (D, R) in the order of the evidence's days and seeds, one array for each world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from tunegate.domain.days import Arm, DayResult, Forecast, SimulationAnswer
from tunegate.gate.evidence import GateEvidence, Pattern, rows_by_cell
from tunegate.gate.intervals import FloatArray
from tunegate.gate.world_design import FEWEST_DAYS_OF_A_WORLD, WorldDesign

REVENUE = "revenue_minor"

Rows = tuple[tuple[DayResult, ...], ...]


@dataclass(frozen=True, slots=True)
class PairedRows:
    """The day results of both arms under one forecast, by day and seed."""

    production: Rows
    candidate: Rows

    @property
    def arms(self) -> tuple[Rows, Rows]:
        """Production, then the candidate."""
        return self.production, self.candidate


@dataclass(frozen=True, slots=True)
class WorldRows:
    """The paired rows of every world under one forecast, on the days that the design gives it."""

    worlds: tuple[PairedRows, ...]
    design: WorldDesign

    def mean(self, cells_of: Callable[[PairedRows], FloatArray | None]) -> FloatArray | None:
        """The mean over worlds, by day, of the cells (D_w, R, …) that `cells_of` gives for each; None when it is in any."""
        found = [cells for rows in self.worlds if (cells := cells_of(rows)) is not None]
        return self.design.mean_by_day(found) if len(found) == len(self.worlds) else None


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


def world_rows(evidence: GateEvidence, forecast: Forecast) -> WorldRows | None:
    """Both arms' rows in every world, or None when any of them is missing or the worlds cannot be averaged over."""
    if not evidence.worlds:
        rows = paired_rows(evidence, forecast)
        return None if rows is None else one_world(rows)
    design = world_design(evidence)
    found = [paired_rows(evidence.only(group), forecast) for group in evidence.groups[: len(evidence.worlds)]]
    complete = tuple(rows for rows in found if rows is not None)
    return WorldRows(complete, design) if design is not None and len(complete) == len(found) else None


def world_design(evidence: GateEvidence) -> WorldDesign | None:
    """How the believed worlds share the gate's days; None when weights, days or numbers of seeds are not sound."""
    positions = {day: position for position, day in enumerate(evidence.days)}
    known = all(day in positions for runs in evidence.worlds for day in runs.days)
    enough = all(len(runs.days) >= FEWEST_DAYS_OF_A_WORLD for runs in evidence.worlds)
    alike = len({len(runs.seeds) for runs in evidence.worlds}) == 1
    if not (evidence.worlds_are_weighted and known and enough and alike):
        return None
    played = tuple(tuple(positions[day] for day in runs.days) for runs in evidence.worlds)
    return WorldDesign(evidence.weights, played, len(evidence.days))


def one_world(rows: PairedRows) -> WorldRows:
    """The rows of a gate that plays one world only."""
    return WorldRows((rows,), WorldDesign.complete((1.0,), len(rows.production)))


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
