"""A calibration as text for the terminal."""

from __future__ import annotations

import numpy as np

from hailsim.calibration.calibrate import Calibration, Estimate
from hailsim.calibration.coverage import AIM, CoverageCheck
from hailsim.calibration.document import weighted_figure
from hailsim.calibration.figures import HEADLINES
from hailsim.calibration.unknowns import short_number


def calibration_in_words(found: Calibration) -> str:
    """Format inputs, prior and posterior of each unknown, and the check on other days."""
    request, accepted = found.request, found.accepted
    days, history = f"{request.days[0]} to {request.days[-1]}", request.source.history
    misfit = f"misfit {accepted.misfits[0]:.2f} at best, tolerance {accepted.tolerance:.2f} standard errors"
    lines = [
        f"{request.city.name}: calibrated on {days}, history {history.first} to {history.last}",
        f"the best {request.worlds} of {request.draws} draws; {misfit}; seed {request.seed}",
        "",
        f"{'unknown':22}{'prior':>18}  {'90 % interval':>20}{'median':>10}{'R²':>13}",
        *(_estimate_line(estimate) for estimate in found.estimates),
    ]
    kept = [estimate.unknown.name for estimate in found.estimates if not estimate.calibrated]
    if kept:
        lines += ["", f"Not calibrated, because the records say too little about them: {_list(kept)}."]
    if found.unreachable:
        names = _list([spec.name for spec in found.unreachable])
        lines += ["", f"Left out, because they were observed outside the range of the draws: {names}."]
    return "\n".join(lines + _check_lines(found)) + "\n"


def coverage_in_words(check: CoverageCheck) -> str:
    """Format the coverage check."""
    lines = [
        f"{check.test_worlds} test worlds from the prior; no draw fits {check.unfit} of them",
        f"{'unknown':22}{'in 90 % interval':>24}{'calibrated':>12}{'width':>8}",
        *(f"{row.unknown.name:22}{row.covered:>24.1%}{row.calibrated:>12.0%}{row.width:>8.2f}" for row in check.by_unknown),
        f"aim: at least {AIM:.0%} each: {'met' if check.met else 'missed'}",
        "width: mean width of the 90 % interval, relative to that of the prior",
    ]
    return "\n".join(lines) + "\n"


def _estimate_line(estimate: Estimate) -> str:
    unknown = estimate.unknown
    label = unknown.name + (f", {unknown.unit}" if unknown.unit not in {"share", "ratio", "taxis"} else "")
    prior = f"{short_number(unknown.low)} to {short_number(unknown.high)}"
    worlds = f"{short_number(estimate.low)} to {short_number(estimate.high)}"
    r_squared = "none" if estimate.r_squared is None else f"{estimate.r_squared:.2f}"
    return f"{label:22}{prior:>18}  {worlds:>20}{short_number(estimate.median):>10}{r_squared:>13}"


def _check_lines(found: Calibration) -> list[str]:
    check = found.check
    if check is None:
        return ["", "No later days to check the worlds on."]
    figures = np.stack([world.figures for world in check.worlds])
    lines = [
        "",
        f"On other days, {check.days[0]} to {check.days[-1]}:",
        f"{'':28}{'observed':>10}{'worlds':>10}{'lowest to highest':>22}",
    ]
    for place, spec in enumerate(found.request.specs[:HEADLINES]):
        observed = float(check.observed.figures[place])
        mean, low, high = (spec.natural(value) for value in weighted_figure(figures[:, place], found.accepted.weights))
        seen = f"{spec.natural(observed):,.{_places(spec.unit)}f}" if np.isfinite(observed) else "–"
        places = _places(spec.unit)
        span = f"{low:,.{places}f} to {high:,.{places}f}"
        lines.append(f"{spec.name + ', ' + spec.unit:28}{seen:>10}{mean:>10,.{places}f}{span:>22}")
    return lines


def _places(unit: str) -> int:
    return 1 if unit == "%" else 0


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
