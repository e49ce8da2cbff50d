"""The effect of the candidate from the windows of a switchback, with an interval that holds at every planned look.

What a window earns is explained, by weighted least squares, by its day, its time of day, a smooth shape of each day (cosines)
and how much of the candidate is felt in it: taxis and waiting customers carry over, so a window feels a part of the arms before
it (`RESPONSE`). The coefficient is the effect: what the candidate would change if it ran all the time. A window weighs as much
as the revenue that is usual then. Shapes and arms are functions of clock and schedule alone. What happens in a window or after
it, such as its trips, explains nothing, because the candidate changes that too.

The standard error is the spread of the same coefficient over redrawn schedules, which needs no model of the noise: what rain, a
holiday or a match do to neighbouring windows spreads the redrawn coefficients as it spreads the true one.

The interval is wide by one critical value at every look (Pocock 1977, Biometrika 64): the largest of the planned looks' test
statistics exceeds it with probability `level`. Repeated confidence intervals: Jennison and Turnbull (1989), JRSS B 51.

Glossary: n windows counted, B redrawn schedules; `values` (n,) per window; `residual` (n,) what nuisance effects leave of them;
`treatment` (…, n) what they leave of how much of the candidate is felt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, stats

from tunegate.domain.days import Arm
from tunegate.domain.verdicts import Interval
from tunegate.experiment.evidence import FloatArray, IntArray, WindowTable
from tunegate.experiment.schedule import Schedule, SwitchbackPlan, redraw
from tunegate.gate.intervals import keyed_generator

SHAPES = 4
"""Cosines of each day, the fastest with two periods a day; fewer when a day has fewer than 16 windows."""
RESPONSE = (0.80, 0.12, 0.06, 0.02)
"""Share of an effect that is felt in the half hour of a switch and in each half hour after it; see docs/reality.md."""
HALF_HOUR_MIN = 30
DRAWS = 1_000
_FIT_ROUNDS = 30
_FEWEST_DEGREES = 3
_RANK_TOLERANCE = 1e-9
_GRID = 161
_GRID_END = 8.0


@dataclass(frozen=True, slots=True)
class EffectEstimate:
    """The estimated effect and how sure it is.

    `interval` holds at every planned look at once. `p_value` is two-sided, of "the candidate changes nothing", by the
    randomisation test. `critical_value` is how many standard errors wide the interval would be with very many windows.
    """

    interval: Interval
    standard_error_pct: float
    p_value: float
    windows: int
    critical_value: float


def estimate_effect(
    schedule: Schedule, table: WindowTable, values: FloatArray, *, level: float, relative: bool = True
) -> EffectEstimate | None:
    """The effect on `values` in percent of production, or in their own unit (`relative=False`).

    None where it cannot be computed: values that are missing, too few windows, no spread, or nothing to be relative to.
    """
    fit = fit_effect(schedule, table, values, relative=relative)
    if fit is None:
        return None
    effect = fit.effect
    unexplained = fit.residual - effect * fit.treatment
    no_effect, errors = _redrawn_effects(schedule, fit, unexplained)
    error = float(np.std(errors, ddof=1)) if len(errors) > 1 else 0.0
    if not error > _RANK_TOLERANCE:
        return None
    p_value = (1 + np.count_nonzero(np.abs(no_effect) >= abs(effect) * (1 - 1e-12))) / (1 + len(no_effect))
    critical = critical_value(schedule.plan, level)
    half_width = t_from_normal(critical, fit.degrees) * error
    interval = Interval(effect, effect - half_width, effect + half_width)
    if relative:
        interval = Interval(*(_of_production(bound, fit.share) for bound in (effect, effect - half_width, effect + half_width)))
        error = 100.0 * error / (1.0 - fit.share * effect) ** 2
    return EffectEstimate(interval, error, float(p_value), len(fit.residual), critical)


@dataclass(frozen=True, slots=True)
class EffectFit:
    """The regression behind an estimate. `effect` is relative to the mean of both arms, of which `share` is the candidate's.

    `felt` (n, L) are the positions of the windows whose arms are felt, `degrees` the degrees of freedom of the noise.
    """

    effect: float
    share: float
    residual: FloatArray
    treatment: FloatArray
    nuisance: Nuisance
    felt: IntArray
    degrees: int

    @property
    def effect_pct(self) -> float:
        """The effect in percent of production."""
        return _of_production(self.effect, self.share)


def fit_effect(schedule: Schedule, table: WindowTable, values: FloatArray, *, relative: bool = True) -> EffectFit | None:
    """The effect without its error; None where it cannot be computed."""
    if not len(values) or not np.isfinite(values).all() or (relative and (values < 0).any()):
        return None
    usual = two_way_fit(table.day, table.slot, values) if relative else np.ones(len(values))
    used = usual > 0
    if used.sum() < _FEWEST_DEGREES:
        return None
    usual = usual[used]
    nuisance = Nuisance(table.day[used], table.slot[used], table.slots, np.sqrt(usual / usual.mean()))
    residual = nuisance.remove(values[used] / usual - 1.0 if relative else values[used])
    felt = felt_windows(schedule.plan, table.position[used])
    treatment = nuisance.remove(_padded(_arms(schedule))[felt] @ felt_shares(schedule.plan))
    strength = float(treatment @ treatment)
    degrees = len(residual) - nuisance.rank - 1
    if degrees < _FEWEST_DEGREES or strength < _RANK_TOLERANCE:
        return None
    share = float((table.candidate[used] * usual).sum() / usual.sum())
    return EffectFit(float(treatment @ residual) / strength, share, residual, treatment, nuisance, felt, degrees)


def felt_shares(plan: SwitchbackPlan) -> FloatArray:
    """How much a window's figures feel of its own arm and of the arms of the windows before it, as shares of 1."""
    minutes = np.arange(plan.washout_min, plan.window_min) + 0.5
    back = [-np.floor((minutes - HALF_HOUR_MIN * number) / plan.window_min) for number in range(len(RESPONSE))]
    shares = np.zeros(int(max(each.max() for each in back)) + 1)
    for share, windows in zip(RESPONSE, back, strict=True):
        shares += share * np.bincount(windows.astype(int), minlength=len(shares)) / len(minutes)
    return shares


def felt_windows(plan: SwitchbackPlan, position: IntArray) -> IntArray:
    """Positions (n, L) in the schedule of each window and of the windows before it; -1 before the experiment."""
    found: IntArray = np.maximum(position[:, np.newaxis] - np.arange(len(felt_shares(plan))), -1)
    return found


def two_way_fit(day: IntArray, slot: IntArray, values: FloatArray) -> FloatArray:
    """Usual values: a factor of each day times a factor of each slot, with the sums of days and of slots as observed."""
    days, slots = np.unique(day, return_inverse=True)[1], np.unique(slot, return_inverse=True)[1]
    of_day, of_slot = np.ones(days.max() + 1), np.ones(slots.max() + 1)
    for _ in range(_FIT_ROUNDS):
        of_day = _ratio(np.bincount(days, values), np.bincount(days, of_slot[slots]))
        of_slot = _ratio(np.bincount(slots, values), np.bincount(slots, of_day[days]))
    fitted: FloatArray = of_day[days] * of_slot[slots]
    return fitted


class Nuisance:
    """Effects of days, their smooth shapes, and times of day, to be removed from columns (n, columns) by least squares."""

    def __init__(self, day: IntArray, slot: IntArray, slots: int, weight: FloatArray) -> None:
        self._weight = weight[:, np.newaxis]
        self._days = [(rows, _basis(self._shape(slot[rows], slots, weight[rows]))) for rows in _groups(day)]
        present = np.unique(slot)
        times = self._remove_days((slot[:, np.newaxis] == present).astype(float) * self._weight)
        self._slots = _basis(times)
        self.rank = sum(basis.shape[1] for _, basis in self._days) + self._slots.shape[1]

    def remove(self, columns: FloatArray) -> FloatArray:
        """Weighted columns (n, …) without what the nuisance effects explain."""
        rest = self._remove_days(columns.reshape(len(columns), -1) * self._weight)
        rest -= self._slots @ (self._slots.T @ rest)
        return rest.reshape(columns.shape)

    def _remove_days(self, columns: FloatArray) -> FloatArray:
        rest = columns.copy()
        for rows, basis in self._days:
            rest[rows] -= basis @ (basis.T @ rest[rows])
        return rest

    @staticmethod
    def _shape(slot: IntArray, slots: int, weight: FloatArray) -> FloatArray:
        order = np.arange(min(SHAPES, slots // SHAPES) + 1)
        columns: FloatArray = np.cos(np.pi * order * (slot[:, np.newaxis] + 0.5) / slots) * weight[:, np.newaxis]
        return columns


def critical_value(plan: SwitchbackPlan, level: float) -> float:
    """How many standard errors wide the interval is, so that it fails at any look with probability `level`.

    The statistics of the looks are those of a Brownian motion at times that grow with the days.
    """
    if len(plan.looks) == 1:
        return float(stats.norm.isf(level / 2))
    times = np.array(plan.looks, float) / plan.looks[-1]
    return float(optimize.brentq(lambda value: crossing_probability(times, value) - level, 0.1, _GRID_END))


def crossing_probability(times: FloatArray, critical: float) -> float:
    """The chance that |B(t)| > critical·√t at any of the times, by integrating over a grid (Armitage, McPherson, Rowe 1969)."""
    z, width = np.linspace(-critical, critical, _GRID, retstep=True)
    simpson = np.ones(_GRID)
    simpson[1:-1:2], simpson[2:-1:2] = 4.0, 2.0
    simpson *= width / 3.0
    density = _normal_density(z)
    for earlier, later in pairwise(times):
        step = math.sqrt(later - earlier)
        moved = _normal_density((z[:, np.newaxis] * math.sqrt(later) - z * math.sqrt(earlier)) / step)
        density = moved @ (density * simpson) * math.sqrt(later) / step
    return 1.0 - float(density @ simpson)


def _normal_density(z: FloatArray) -> FloatArray:
    found: FloatArray = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return found


def t_from_normal(critical: float, degrees: int) -> float:
    """The quantile of Student's t with the tail probability of a normal one."""
    return float(stats.t.isf(stats.norm.sf(critical), degrees))


def _redrawn_effects(schedule: Schedule, fit: EffectFit, unexplained: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The effects that redrawn schedules show in the residual, as if no arm changed anything, and in what is unexplained."""
    drawn = redraw(schedule.plan, DRAWS, keyed_generator("randomisation test", schedule.seed))
    day, slot = _places(schedule)
    candidate = _padded(drawn[:, day, slot].astype(np.float64))
    felt = np.zeros((len(fit.residual), DRAWS))
    for share, position in zip(felt_shares(schedule.plan), fit.felt.T, strict=True):
        felt += share * candidate[:, position].T
    treatment = fit.nuisance.remove(felt)
    strength = (treatment**2).sum(axis=0)
    treatment, strength = treatment[:, strength > _RANK_TOLERANCE], strength[strength > _RANK_TOLERANCE]
    return (fit.residual @ treatment) / strength, (unexplained @ treatment) / strength


def _places(schedule: Schedule) -> tuple[IntArray, IntArray]:
    """Day and slot of every window of the schedule."""
    places = np.array([schedule.local_slot(window) for window in schedule.windows], dtype=np.int64)
    return places[:, 0], places[:, 1] // schedule.plan.window_min


def _arms(schedule: Schedule) -> FloatArray:
    return np.array([float(window.arm is Arm.CANDIDATE) for window in schedule.windows])


def _padded(candidate: FloatArray) -> FloatArray:
    """Arms (…, windows) with production at the end, where the position -1 of windows before the experiment points."""
    return np.concatenate((candidate, np.zeros((*candidate.shape[:-1], 1))), axis=-1)


def _of_production(effect: float, share: float) -> float:
    """An effect relative to the mean of both arms, in percent of production; `share` of the revenue is under the candidate."""
    return 100.0 * effect / max(1.0 - share * effect, _RANK_TOLERANCE)


def _groups(day: IntArray) -> list[NDArray[np.intp]]:
    return [np.flatnonzero(day == each) for each in np.unique(day)]


def _basis(columns: FloatArray) -> FloatArray:
    """An orthonormal basis of the columns."""
    left, singular, _ = linalg.svd(columns, full_matrices=False)
    found: FloatArray = left[:, singular > _RANK_TOLERANCE * max(float(singular[0]), 1.0)]
    return found


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> FloatArray:
    found: FloatArray = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    return found
