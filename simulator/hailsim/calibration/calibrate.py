"""Draw worlds from the prior, simulate the calibration days in each, and keep those most like the observed days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.calibration.figures import FigureSpec, figure_specs
from hailsim.calibration.posterior import (
    LEAST_R_SQUARED,
    Accepted,
    SummaryRegression,
    accept,
    fit_regression,
    misfits,
    reachable_figures,
    weighted_quantiles,
)
from hailsim.calibration.unknowns import Unknown, draw
from hailsim.calibration.workers import CitySource, DaySummary, Job, Workers
from hailsim.faults import refuse
from hailsim.model.cab_days import CabDay
from hailsim.model.city import City

LEVELS = (0.05, 0.5, 0.95)
# No draw fits if the best one is further off than this, in standard errors.
MISFIT_BOUND = 3.0
LEAST_REACHABLE = 0.5
# Adoption settings are drawn separately, for the worlds alone: 16 accepted draws would cover their prior unevenly.
_ADOPTION_SEED = 1_000_003

Progress = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """The inputs of a calibration. `settings` are known and fixed; `check_days` take no part in the calibration."""

    city: City
    recorded: Mapping[date, CabDay]
    source: CitySource
    days: tuple[date, ...]
    check_days: tuple[date, ...]
    unknowns: tuple[Unknown, ...]
    settings: Mapping[str, float]
    worlds: int
    draws: int
    seed: int

    @property
    def simulated(self) -> tuple[Unknown, ...]:
        """The unknowns that affect days without a recommender, as recorded days are."""
        return tuple(unknown for unknown in self.unknowns if not unknown.about_adoption)

    @property
    def specs(self) -> tuple[FigureSpec, ...]:
        """The figures that are compared."""
        return figure_specs(self.city.day_start_hour)


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws from the prior: values float64[N, U], the same as shares of the prior, and simulated figures float64[N, F]."""

    values: NDArray[np.float64]
    shares: NDArray[np.float64]
    figures: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The posterior of one unknown: its 90 % interval and median.

    r_squared: share of its variance that the figures explain; None for adoption settings.
    """

    unknown: Unknown
    r_squared: float | None
    calibrated: bool
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Check:
    """Days that took no part in the calibration.

    observed: their records. worlds: the same days simulated, one summary per world and in the order of the worlds.
    """

    days: tuple[date, ...]
    observed: DaySummary
    worlds: tuple[DaySummary, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A set of worlds and its origin.

    observed: summary of the recorded days. worlds: the settings of each world, in the order of the weights, best first.
    check: None if no later day is covered.
    """

    request: CalibrationRequest
    draws: Draws
    observed: DaySummary
    regression: SummaryRegression
    accepted: Accepted
    estimates: tuple[Estimate, ...]
    worlds: tuple[Mapping[str, float], ...]
    check: Check | None

    @property
    def unreachable(self) -> tuple[FigureSpec, ...]:
        """Figures observed outside the range of the draws."""
        left_out = ~self.regression.used & np.isfinite(self.observed.figures)
        return tuple(spec for spec, out in zip(self.request.specs, left_out, strict=True) if out)


def simulate_draws(request: CalibrationRequest, workers: Workers, progress: Progress) -> Draws:
    """Draw from the prior and simulate the calibration days with every draw."""
    values = draw(request.simulated, request.draws, request.seed)
    jobs = [Job(settings_of(request, row), request.days, request.seed) for row in values]
    simulated = workers.run_all(jobs, progress("draws"))
    return Draws(values, shares_of(request, values), np.stack([one.figures for one in simulated]))


def calibrate(request: CalibrationRequest, workers: Workers, draws: Draws, progress: Progress) -> Calibration:
    """Select the worlds and simulate the check days in them.

    Raises BadInput: no draw fits what was observed.
    """
    observed = workers.simulator.observed(request.recorded, request.days)
    regression, accepted = fit(request, draws, observed.figures)
    adoption = [unknown for unknown in request.unknowns if unknown.about_adoption]
    adoption_values = (
        draw(adoption, request.worlds, request.seed + _ADOPTION_SEED) if adoption else np.empty((request.worlds, 0))
    )
    worlds = tuple(
        _world(request, row, adoption, other) for row, other in zip(draws.values[accepted.draws], adoption_values, strict=True)
    )
    estimates = tuple(_estimate(request, draws, unknown, regression, accepted) for unknown in request.unknowns)
    check = _check(request, workers, worlds, progress) if request.check_days else None
    return Calibration(request, draws, observed, regression, accepted, estimates, worlds, check)


def fit(request: CalibrationRequest, draws: Draws, observed: NDArray[np.float64]) -> tuple[SummaryRegression, Accepted]:
    """Regress on the reachable figures and accept the nearest draws.

    Raises BadInput: no draw fits.
    """
    used = reachable_figures(draws.figures, observed)
    _check_reach(request, draws, observed, used)
    regression = fit_regression(draws.figures, draws.shares, used)
    if not regression.informative.any():
        best = max(zip(regression.r_squared, request.simulated, strict=True), key=lambda pair: pair[0])
        value = f"at most {best[0]:.2f}, of {best[1].name}"
        remedy = "Take more calibration days, or wider ranges; worlds of the prior alone need no calibration."
        raise refuse(f"the figures must explain R² = {LEAST_R_SQUARED:g} of some unknown", value, request.city.name, remedy)
    accepted = accept(misfits(regression, draws.figures, observed), request.worlds)
    if accepted.misfits[0] > MISFIT_BOUND:
        remedy = "Widen the ranges with --unknown, add unknowns, or see `hailsim validate` for what the simulator misses."
        rule = f"some draw must come within a misfit of {MISFIT_BOUND:g} standard errors"
        raise refuse(rule, f"{accepted.misfits[0]:.2f} for the best of {request.draws}", request.city.name, remedy)
    return regression, accepted


def settings_of(request: CalibrationRequest, row: NDArray[np.float64]) -> dict[str, float]:
    """Fixed settings and one draw of the simulated unknowns."""
    return {**request.settings, **{unknown.name: float(value) for unknown, value in zip(request.simulated, row, strict=True)}}


def shares_of(request: CalibrationRequest, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values float64[N, U] of the simulated unknowns as shares of their priors."""
    return np.column_stack([unknown.shares(values[:, place]) for place, unknown in enumerate(request.simulated)])


def _check_reach(request: CalibrationRequest, draws: Draws, observed: NDArray[np.float64], used: NDArray[np.bool_]) -> None:
    """Refuse if trips a day, or most figures, were observed outside the range of the draws."""
    seen, trips = np.isfinite(observed), draws.figures[:, 0]
    trips_reachable = trips.min() <= observed[0] <= trips.max()
    if trips_reachable and used[seen].mean() >= LEAST_REACHABLE:
        return
    place = 0 if not trips_reachable else int(np.flatnonzero(seen & ~used)[0])
    spec, column = request.specs[place], draws.figures[:, place]
    low, high = spec.natural(float(column.min())), spec.natural(float(column.max()))
    value = (
        f"{int((seen & ~used).sum())} of {int(seen.sum())} figures out of reach: "
        f"{spec.name} {spec.natural(float(observed[place])):,.0f}, in draws {low:,.0f} to {high:,.0f} {spec.unit}"
    )
    rule = f"trips a day and at least {LEAST_REACHABLE:.0%} of the observed figures must lie within the range of the draws"
    raise refuse(rule, value, request.city.name, "Widen the ranges of the unknowns, or see `hailsim validate`.")


def _world(
    request: CalibrationRequest, row: NDArray[np.float64], adoption: Sequence[Unknown], other: NDArray[np.float64]
) -> dict[str, float]:
    known = {unknown.name: float(value) for unknown, value in zip(request.simulated, row, strict=True)}
    known |= {unknown.name: float(value) for unknown, value in zip(adoption, other, strict=True)}
    return {unknown.name: known[unknown.name] for unknown in request.unknowns}


def _estimate(
    request: CalibrationRequest, draws: Draws, unknown: Unknown, regression: SummaryRegression, accepted: Accepted
) -> Estimate:
    if unknown.about_adoption:
        return Estimate(unknown, None, False, *(float(value) for value in unknown.values(np.array(LEVELS))))
    place = request.simulated.index(unknown)
    shares = weighted_quantiles(draws.shares[accepted.draws, place], accepted.weights, LEVELS)
    values = (float(value) for value in unknown.values(shares))
    return Estimate(unknown, float(regression.r_squared[place]), bool(regression.informative[place]), *values)


def _check(request: CalibrationRequest, workers: Workers, worlds: Sequence[Mapping[str, float]], progress: Progress) -> Check:
    jobs = [Job({**request.settings, **world}, request.check_days, request.seed) for world in worlds]
    simulated = workers.run_all(jobs, progress("worlds on other days"))
    observed = workers.simulator.observed(request.recorded, request.check_days)
    return Check(request.check_days, observed, tuple(simulated))
