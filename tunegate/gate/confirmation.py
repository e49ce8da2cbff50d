"""Choosing among the search's best on validation days, with seeds no trial has seen.

The best of many noisy trials overstates itself, so it is simulated again before it is believed. What counts here is the
paired difference to production on the same days and seeds; the choice is made by the estimate, and the gate judges later.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tunegate.domain.days import SimulationAnswer
from tunegate.domain.trials import TrialRecord
from tunegate.domain.verdicts import Interval
from tunegate.gate.intervals import FloatArray, paired_days_pct, paired_t_half_width

FEWEST_VALIDATION_DAYS = 2
VALIDATION_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Confirmed:
    """One finalist with what the validation days say of it; `failure` says why when they say nothing."""

    trial: TrialRecord
    validation: Interval | None
    failure: str | None = None


def confirm_finalists(
    production: SimulationAnswer,
    finalists: Sequence[TrialRecord],
    answers: Mapping[int, SimulationAnswer],
    failures: Mapping[int, str],
) -> tuple[Confirmed, ...]:
    """Every finalist, the best on the validation days first and those without a result last.

    `answers` and `failures` are by trial number. Intervals are paired t over days at a one-sided 5 %. Raises ValueError when
    an answer holds other days or seeds than production's: such numbers must not be compared.
    """
    confirmed = [
        Confirmed(trial, None, failures[trial.number])
        if trial.number in failures
        else Confirmed(trial, paired_interval(production, answers[trial.number]))
        for trial in finalists
    ]
    return tuple(sorted(confirmed, key=lambda one: (-_estimate(one), one.trial.number)))


def chosen(confirmed: Sequence[Confirmed]) -> Confirmed | None:
    """The finalist that goes to the gate: the best one that beats production at all, or None when nothing does."""
    best = next(iter(confirmed), None)
    return best if best is not None and _estimate(best) > 0 else None


def paired_interval(production: SimulationAnswer, candidate: SimulationAnswer) -> Interval:
    """Revenue of the candidate against production in percent, day by day, with the paired t interval over days."""
    if _cell_names(production) != _cell_names(candidate):
        raise ValueError("both arms must hold the same days and seeds")
    days_pct = paired_days_pct(_revenue_cells(production), _revenue_cells(candidate))
    if len(days_pct) < FEWEST_VALIDATION_DAYS:
        raise ValueError(f"`days >= {FEWEST_VALIDATION_DAYS}` must hold for an interval, but got {len(days_pct)}")
    estimate = float(days_pct.mean())
    half_width = float(paired_t_half_width(days_pct, VALIDATION_LEVEL))
    return Interval(estimate, estimate - half_width, estimate + half_width)


def _cell_names(answer: SimulationAnswer) -> list[tuple[object, int]]:
    return [(row.day, row.seed) for row in answer.days]


def _revenue_cells(answer: SimulationAnswer) -> FloatArray:
    """Revenue (D, R) of an answer, whose rows are sorted by day, then seed."""
    days = len({row.day for row in answer.days})
    return np.array([row.revenue_minor for row in answer.days], dtype=np.float64).reshape(days, -1)


def _estimate(confirmed: Confirmed) -> float:
    return confirmed.validation.estimate_pct if confirmed.validation is not None else -math.inf
