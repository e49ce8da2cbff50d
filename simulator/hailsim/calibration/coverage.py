"""How often the 90 % interval of a calibration contains the true value, measured on test worlds from the prior.

Test worlds are drawn anew and simulated with another seed, so that no draw shares their customers or drivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hailsim.calibration.calibrate import LEVELS, CalibrationRequest, Draws, Progress, fit, settings_of, shares_of
from hailsim.calibration.posterior import weighted_quantiles
from hailsim.calibration.unknowns import Unknown, draw
from hailsim.calibration.workers import Job, Workers
from hailsim.faults import BadInput, refuse

AIM = 0.85
_TEST_SEED = 2_000_003


@dataclass(frozen=True, slots=True)
class Coverage:
    """For one unknown, over the test worlds: how often the 90 % interval covers the true value, and how often it is calibrated.

    width: mean width of the interval; that of the prior is 1.
    """

    unknown: Unknown
    covered: float
    calibrated: float
    width: float


@dataclass(frozen=True, slots=True)
class CoverageCheck:
    """The result over all test worlds.

    unfit: number of test worlds that no draw fits; they count as not covered. by_unknown: in the order of the request.
    """

    test_worlds: int
    unfit: int
    by_unknown: tuple[Coverage, ...]

    @property
    def met(self) -> bool:
        """Whether every unknown reaches the aim."""
        return all(coverage.covered >= AIM for coverage in self.by_unknown)


def check_coverage(
    request: CalibrationRequest, workers: Workers, draws: Draws, test_worlds: int, progress: Progress
) -> CoverageCheck:
    """Simulate test worlds and calibrate against each, using only figures that this city has records of.

    Raises BadInput: no draw fits any of them.
    """
    seed = (request.seed + _TEST_SEED) % (1 << 32)
    values = draw(request.simulated, test_worlds, seed)
    jobs = [Job(settings_of(request, row), request.days, seed) for row in values]
    simulated = workers.run_all(jobs, progress("test worlds"))
    recorded = np.isfinite(workers.simulator.observed(request.recorded, request.days).figures)
    shares = shares_of(request, values)
    found = [
        _one(request, draws, np.where(recorded, one.figures, np.nan), truth)
        for one, truth in zip(simulated, shares, strict=True)
    ]
    fits = [one for one in found if one is not None]
    if not fits:
        remedy = "Take more draws or more days."
        raise refuse("some test world must fit a draw", f"none of {test_worlds}", request.city.name, remedy)
    fitted, unfit = np.stack(fits), test_worlds - len(fits)
    prior_width = LEVELS[-1] - LEVELS[0]
    rows = tuple(
        Coverage(
            unknown,
            covered=float(fitted[:, 0, place].sum()) / test_worlds,
            calibrated=float(fitted[:, 1, place].sum()) / test_worlds,
            width=float(fitted[:, 2, place].mean()) / prior_width,
        )
        for place, unknown in enumerate(request.simulated)
    )
    return CoverageCheck(test_worlds, unfit, rows)


def _one(
    request: CalibrationRequest, draws: Draws, observed: NDArray[np.float64], truth: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Covered, calibrated and width, float64[3, U], of one test world; None if no draw fits."""
    try:
        regression, accepted = fit(request, draws, observed)
    except BadInput:
        return None
    ends = np.array(
        [weighted_quantiles(column, accepted.weights, (LEVELS[0], LEVELS[-1])) for column in draws.shares[accepted.draws].T]
    )
    covered = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    return np.stack([covered, regression.informative, ends[:, 1] - ends[:, 0]]).astype(np.float64)
