"""From day results to arrays: cells (D, R) in the order of the evidence's days and seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunegate.domain.days import Arm, DayResult, Forecast
from tunegate.gate.evidence import GateEvidence, rows_by_cell
from tunegate.gate.intervals import FloatArray

REVENUE = "revenue_minor"

Rows = tuple[tuple[DayResult, ...], ...]


@dataclass(frozen=True, slots=True)
class PairedRows:
    """The day results of both arms under one forecast, by day and seed."""

    production: Rows
    candidate: Rows


def paired_rows(evidence: GateEvidence, forecast: Forecast) -> PairedRows | None:
    """Both arms' rows, or None when an arm or any day and seed is missing."""
    production = _rows(evidence, Arm.PRODUCTION, forecast)
    candidate = _rows(evidence, Arm.CANDIDATE, forecast)
    return None if production is None or candidate is None else PairedRows(production, candidate)


def _rows(evidence: GateEvidence, arm: Arm, forecast: Forecast) -> Rows | None:
    answer = evidence.answers.get((arm, forecast))
    if answer is None or not evidence.cells:
        return None
    found = rows_by_cell(answer)
    if not evidence.cells <= found.keys():
        return None
    return tuple(tuple(found[day, seed] for seed in evidence.seeds) for day in evidence.days)


def metric_cells(rows: Rows, metric: str) -> FloatArray | None:
    """One metric as (D, R), or None when any row lacks it or holds no finite number."""
    values = np.array([[row.metrics.get(metric, np.nan) for row in day] for day in rows], dtype=np.float64)
    return values if np.isfinite(values).all() else None


def zone_cells(rows: Rows, zones: tuple[str, ...]) -> FloatArray:
    """Revenue by zone as (D, R, Z); a zone that a row does not name took nothing there."""
    return np.array(
        [[[row.zone_revenue_minor.get(zone, 0) for zone in zones] for row in day] for day in rows], dtype=np.float64
    )
