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
class StressResult:
    """Revenue in a stress world on the validation days: change in percent of production's, and the loss tolerated."""

    world: str
    change_pct: float
    margin_pct: float

    @property
    def survived(self) -> bool:
        """Whether the loss stayed within the margin."""
        return self.change_pct >= -self.margin_pct


@dataclass(frozen=True, slots=True)
class Confirmed:
    """One finalist with what the validation days say of it; `failure` says why when they say nothing."""

    trial: TrialRecord
    validation: Interval | None
    failure: str | None = None
    stress: tuple[StressResult, ...] = ()

    @property
    def objection(self) -> str | None:
        """Why the finalist is no candidate, whatever it gains; None where nothing stands against it."""
        lost = [result for result in self.stress if not result.survived]
        worlds = "; ".join(f"{each.change_pct:+.1f} % in {each.world}, beyond -{each.margin_pct:g} %" for each in lost)
        return self.failure or worlds or None

    @property
    def survived(self) -> bool:
        """Whether the finalist keeps its margin in every stress world; so does one that met none."""
        return all(result.survived for result in self.stress)


@dataclass(frozen=True, slots=True)
class ConfirmationAnswers:
    """What one arm was simulated to on the validation days: in the believed worlds together, and in each stress world."""

    believed: SimulationAnswer
    stress: Mapping[str, SimulationAnswer]


def confirm_finalists(
    production: ConfirmationAnswers,
    finalists: Sequence[TrialRecord],
    answers: Mapping[int, ConfirmationAnswers],
    failures: Mapping[int, str],
    margins_pct: Mapping[str, float],
) -> tuple[Confirmed, ...]:
    """Every finalist: the best on the validation days first, then those that lose too much in a stress world.

    Those without a result come last. `answers` and `failures` are by trial number, `margins_pct` by the name of a stress world.
    Intervals are paired t over days at a one-sided 5 %; in stress worlds the estimate counts, because this is a choice and no
    verdict. Raises ValueError when an answer holds other days or seeds than production's: such numbers must not be compared.
    """
    confirmed = [
        Confirmed(trial, None, failures[trial.number])
        if trial.number in failures
        else _compared(trial, production, answers[trial.number], margins_pct)
        for trial in finalists
    ]
    return tuple(
        sorted(confirmed, key=lambda one: (one.failure is not None, not one.survived, -_estimate(one), one.trial.number))
    )


def chosen(confirmed: Sequence[Confirmed]) -> Confirmed | None:
    """The finalist that goes to the gate: the best that beats production and survives every stress world, None without one."""
    best = next(iter(confirmed), None)
    return best if best is not None and best.survived and _estimate(best) > 0 else None


def _compared(
    trial: TrialRecord, production: ConfirmationAnswers, candidate: ConfirmationAnswers, margins_pct: Mapping[str, float]
) -> Confirmed:
    stress = tuple(
        StressResult(world, paired_interval(production.stress[world], candidate.stress[world]).estimate_pct, margin_pct)
        for world, margin_pct in margins_pct.items()
    )
    return Confirmed(trial, paired_interval(production.believed, candidate.believed), stress=stress)


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
