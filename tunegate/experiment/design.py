"""Which switchback to run, by trying candidate designs on simulated streets before anything happens on the real one.

A simulated street is what a calibrated world earned under production, by five minutes, and how an effect follows a switch: the
share that comes in the half hour of the switch and in each half hour after it. An experiment of any design is then drawn,
applied to the street with a known effect, and analysed as the real one would be; the errors of many of them score the design.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tunegate.domain.days import Arm
from tunegate.experiment.analysis import HALF_HOUR_MIN, critical_value, fit_effect
from tunegate.experiment.evidence import FloatArray, WindowTable
from tunegate.experiment.schedule import DAY_MIN, Schedule, SwitchbackPlan, draw_schedule
from tunegate.gate.intervals import keyed_generator

BIN_MIN = 5
BINS = DAY_MIN // BIN_MIN
WINDOWS_MIN = (30, 60, 120, 240)
WASHOUTS_MIN = (0, 15, 30, 60)
CAUGHT_PCT = (-2.0, -5.0, -10.0)
POWER = 0.8
_MOST_WASHED_OUT = 0.5
_PATHS = 20_000
_START = date(2026, 6, 1)  # any day: arms are drawn by number of day and slot


@dataclass(frozen=True, slots=True)
class SimulatedStreet:
    """One world: revenue (days, 288) under production; `response` (K,) sums to 1, share of the effect by half hour since."""

    revenue: FloatArray
    response: FloatArray


@dataclass(frozen=True, slots=True)
class DesignScore:
    """How a design does on the simulated streets; figures in percent of production.

    `bias_pct` is at an effect of `effect_pct`. `detectable_pct` is the smallest gain that its interval tells from nothing with
    a chance of 80 % by the last day. `chance_to_catch` has, for each loss, the chance to roll it back at any look, and
    `days_for_one_pct` how many days a gain of 1 % would take to be told from nothing.
    """

    plan: SwitchbackPlan
    effect_pct: float
    bias_pct: float
    standard_error_pct: float
    detectable_pct: float
    chance_to_catch: dict[float, float]
    days_for_one_pct: int

    @property
    def mean_squared_error(self) -> float:
        """Squared bias and squared standard error together."""
        return self.bias_pct**2 + self.standard_error_pct**2


def candidate_designs(plan: SwitchbackPlan) -> Iterator[SwitchbackPlan]:
    """The plan with every window and every washout of at most half of the window."""
    for window_min in WINDOWS_MIN:
        for washout_min in WASHOUTS_MIN:
            if washout_min <= _MOST_WASHED_OUT * window_min:
                yield replace(plan, window_min=window_min, washout_min=washout_min)


def score_designs(
    plans: Sequence[SwitchbackPlan], streets: Sequence[SimulatedStreet], *, effect_pct: float, experiments: int, seed: int
) -> tuple[DesignScore, ...]:
    """The scores of designs, least mean squared error first. Every design has `experiments` experiments on every street."""
    scores = [score_design(plan, streets, effect_pct=effect_pct, experiments=experiments, seed=seed) for plan in plans]
    return tuple(sorted(scores, key=lambda score: score.mean_squared_error))


def score_design(
    plan: SwitchbackPlan, streets: Sequence[SimulatedStreet], *, effect_pct: float, experiments: int, seed: int
) -> DesignScore:
    """Try one design. Raises ValueError: a street has fewer days than the plan, or the design computes no effect."""
    errors = []
    for number, street in enumerate(streets):
        if len(street.revenue) < plan.days:
            raise ValueError(f"`days of a street >= {plan.days}` must hold, but got {len(street.revenue)}")
        for repeat in range(experiments):
            schedule = draw_schedule(plan, start=_START, time_zone="UTC", seed=seed + number * experiments + repeat)
            table, values, truth_pct = run_on_street(schedule, street, effect_pct)
            fit = fit_effect(schedule, table, values)
            if fit is None:
                raise ValueError(f"an effect must be computable with the design, but it is not with {plan}")
            errors.append(fit.effect_pct - truth_pct)
    bias, error = float(np.mean(errors)), float(np.std(errors, ddof=1))
    critical = critical_value(plan, plan.level)
    needed = critical + float(stats.norm.ppf(POWER))
    return DesignScore(
        plan=plan,
        effect_pct=effect_pct,
        bias_pct=bias,
        standard_error_pct=error,
        detectable_pct=needed * error,
        chance_to_catch={loss: _chance_to_catch(plan, loss, error, critical) for loss in CAUGHT_PCT},
        days_for_one_pct=math.ceil(plan.days * (needed * error) ** 2),
    )


def run_on_street(schedule: Schedule, street: SimulatedStreet, effect_pct: float) -> tuple[WindowTable, FloatArray, float]:
    """The windows of a schedule on a street with this effect everywhere, their revenue per minute, and the true effect."""
    plan = schedule.plan
    slots = DAY_MIN // plan.window_min
    candidate = np.array([float(window.arm is Arm.CANDIDATE) for window in schedule.windows])
    revenue = street.revenue[: plan.days] * (1.0 + effect_pct / 100.0 * felt(candidate, plan.window_min, street.response))
    windows = revenue.reshape(plan.days, slots, -1)[:, :, plan.washout_min // BIN_MIN :].sum(axis=2).ravel()
    number = np.arange(plan.days * slots)
    measured = np.full(len(number), float(plan.window_min - plan.washout_min))
    table = WindowTable(number, number // slots, number % slots, candidate, measured, slots, rows=())
    return table, windows / measured, effect_pct


def felt(candidate: FloatArray, window_min: int, response: FloatArray) -> FloatArray:
    """Which share (days, 288) of the effect is felt when, from the arm of each window in turn."""
    half_hours = np.repeat(candidate, window_min // HALF_HOUR_MIN)
    followed = np.convolve(half_hours, response)[: len(half_hours)]
    found: FloatArray = np.repeat(followed, HALF_HOUR_MIN // BIN_MIN).reshape(-1, BINS)
    return found


def response_of(
    production: FloatArray, candidate: FloatArray, switching: FloatArray, arms: NDArray[np.bool_], half_hours: int
) -> FloatArray:
    """How an effect follows a switch, from one world played three times: revenue (days, 288), arms (days, 48).

    Least squares of the switching day's change on the arms of this half hour and of the ones before, as shares of their sum.
    """
    by_half_hour = [each.reshape(-1, HALF_HOUR_MIN // BIN_MIN).sum(axis=1) for each in (production, candidate, switching)]
    flat = arms.ravel().astype(np.float64)
    lagged = np.array([np.concatenate((np.zeros(lag), flat[: len(flat) - lag])) for lag in range(half_hours)]).T
    scale = by_half_hour[0] * (candidate.sum() / production.sum() - 1.0)
    coefficients = np.linalg.lstsq(lagged * scale[:, np.newaxis], by_half_hour[2] - by_half_hour[0])[0]
    shares: FloatArray = coefficients / coefficients.sum()
    return shares


def _chance_to_catch(plan: SwitchbackPlan, loss_pct: float, error: float, critical: float) -> float:
    """The chance that the upper bound is below the harm limit at any look, the error falling with the days."""
    days = np.array(plan.looks, float)
    steps = keyed_generator("chance to catch", plan.looks).normal(size=(_PATHS, len(days))) * np.sqrt(
        np.diff(days, prepend=0.0)
    )
    noise = steps.cumsum(axis=1) / days * error * math.sqrt(plan.days)
    bound = loss_pct + noise + critical * error * np.sqrt(plan.days / days)
    return float((bound < plan.harm_limit_pct).any(axis=1).mean())
