"""A calibration as one self-contained HTML file without scripts."""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib.resources import files
from itertools import combinations
from string import Template

import numpy as np

from hailsim import __version__
from hailsim.calibration.calibrate import Calibration, Check, Estimate
from hailsim.calibration.coverage import AIM, CoverageCheck
from hailsim.calibration.document import weighted_figure
from hailsim.calibration.figures import HEADLINES
from hailsim.calibration.plots import Axis, Floats, curves, marginal, scatter
from hailsim.calibration.unknowns import Unknown, short_number
from hailsim.html_page import html_page

TICKS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_KEY = (
    '<p class="key muted"><i style="background: var(--second)"></i>observed'
    '<i style="background: var(--first)"></i>mean of the worlds, and the range of all of them</p>'
)


def calibration_page(found: Calibration, coverage: CoverageCheck | None) -> str:
    """The page as text; write it as UTF-8."""
    request = found.request
    days = f"{request.days[0]} to {request.days[-1]}"
    title = f"{request.worlds} worlds for {request.city.name}"
    folder = files("hailsim.calibration")
    body = Template(folder.joinpath("page.html").read_text("utf-8")).substitute(
        title=html.escape(title),
        subtitle=html.escape(
            f"calibrated on {days}, {request.draws:,} draws, seed {request.seed}; "
            f"best misfit {found.accepted.misfits[0]:.2f}, tolerance {found.accepted.tolerance:.2f} standard errors"
        ),
        summary=html.escape(_summary(found)),
        estimates=_estimates(found.estimates),
        marginals="".join(_marginal(found, estimate) for estimate in found.estimates),
        scatters="".join(_scatter(found, first, second) for first, second in combinations(request.simulated, 2)),
        checks="<p>No later days to check the worlds on.</p>" if found.check is None else _check(found, found.check),
        coverage="" if coverage is None else _coverage(coverage),
        version=html.escape(__version__),
    )
    return html_page(title=title, style=folder.joinpath("page.css").read_text("utf-8"), body=body)


def _summary(found: Calibration) -> str:
    kept = ", ".join(estimate.unknown.name for estimate in found.estimates if not estimate.calibrated)
    unreachable = ", ".join(spec.name for spec in found.unreachable)
    words = (
        f"Not calibrated, because the records say too little about them: {kept}." if kept else "Every unknown is calibrated."
    )
    return words + (
        f" Left out, because they were observed outside the range of the draws: {unreachable}." if unreachable else ""
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _estimates(estimates: Sequence[Estimate]) -> str:
    rows = [
        [
            f"{one.unknown.name} ({one.unknown.unit})",
            f"{short_number(one.unknown.low)} to {short_number(one.unknown.high)}{', logarithmic' if one.unknown.log else ''}",
            f"{short_number(one.low)} to {short_number(one.high)}",
            short_number(one.median),
            "none" if one.r_squared is None else f"{one.r_squared:.2f}",
            "calibrated" if one.calibrated else "not calibrated",
        ]
        for one in estimates
    ]
    return _table(("unknown", "prior", "90 % interval", "median", "R²", ""), rows)


def _axis(unknown: Unknown) -> Axis:
    values = unknown.values(TICKS)
    return Axis([(float(share), short_number(value)) for share, value in zip(TICKS, values, strict=True)])


def _shares(found: Calibration, unknown: Unknown) -> Floats:
    return unknown.shares(np.array([world[unknown.name] for world in found.worlds]))


def _marginal(found: Calibration, estimate: Estimate) -> str:
    unknown = estimate.unknown
    low, median, high = (float(share) for share in unknown.shares(np.array([estimate.low, estimate.median, estimate.high])))
    return marginal(unknown.name, _axis(unknown), _shares(found, unknown), found.accepted.weights, (low, median, high))


def _scatter(found: Calibration, first: Unknown, second: Unknown) -> str:
    places = [found.request.simulated.index(unknown) for unknown in (first, second)]
    draws = (found.draws.shares[:, places[0]], found.draws.shares[:, places[1]])
    label = f"{second.name} against {first.name}"
    return scatter(label, (_axis(first), _axis(second)), draws, found.accepted.draws, found.accepted.weights)


def _check(found: Calibration, check: Check) -> str:
    weights, hour = found.accepted.weights, found.request.city.day_start_hour
    pickups = np.stack([world.pickups_by_hour for world in check.worlds])
    plots = curves("Pickups by hour", hour, check.observed.pickups_by_hour, pickups, weights)
    searches = [np.zeros(24) if world.search_s_by_hour is None else world.search_s_by_hour for world in check.worlds]
    plots += curves("Mean search by hour, s", hour, check.observed.search_s_by_hour, np.nan_to_num(np.stack(searches)), weights)
    return f'{_checked(found, check)}{_KEY}<div class="plots">{plots}</div>'


def _checked(found: Calibration, check: Check) -> str:
    figures = np.stack([world.figures for world in check.worlds])
    rows = []
    for place, spec in enumerate(found.request.specs[:HEADLINES]):
        observed = float(check.observed.figures[place])
        mean, low, high = (spec.natural(value) for value in weighted_figure(figures[:, place], found.accepted.weights))
        places = 1 if spec.unit == "%" else 0
        seen = f"{spec.natural(observed):,.{places}f}" if np.isfinite(observed) else "–"
        rows.append([f"{spec.name} ({spec.unit})", seen, f"{mean:,.{places}f}", f"{low:,.{places}f} to {high:,.{places}f}"])
    caption = f"<p>{check.days[0]} to {check.days[-1]}, which took no part in the calibration.</p>"
    return caption + '<div class="wide">' + _table(("", "observed", "mean of the worlds", "lowest to highest"), rows) + "</div>"


def _coverage(check: CoverageCheck) -> str:
    rows = [[row.unknown.name, f"{row.covered:.1%}", f"{row.calibrated:.0%}", f"{row.width:.2f}"] for row in check.by_unknown]
    head = ("unknown", "true value in the 90 % interval", "calibrated", "width of the interval (prior: 1)")
    verdict = "met" if check.met else "missed"
    words = f"{check.test_worlds} test worlds from the prior; aim: at least {AIM:.0%}, {verdict}."
    return f"<h2>Coverage of the intervals</h2><p>{words}</p>" + '<div class="wide">' + _table(head, rows) + "</div>"
