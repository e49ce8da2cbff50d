"""A validation as text and as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hailsim.validation.compare import Figure
from hailsim.validation.validate import Validation

FORMAT = "hailsim-validation/1"
_VERDICTS = {True: "met", False: "missed", None: ""}


def as_json(found: Validation) -> dict[str, Any]:
    """The complete validation: figures, curves by hour of the operating day, and inputs."""
    settings, history = found.scenario.settings, found.scenario.history
    return {
        "format": FORMAT,
        "city": found.city.name,
        "digest": found.city.digest,
        "calibrated_on": {"first": history.first.isoformat(), "last": history.last.isoformat()},
        "days": [day.isoformat() for day in found.days],
        "seeds": list(found.seeds),
        "settings": {"latent_factor": settings.latent_factor, "patience_s": settings.patience_s},
        "figures": [_figure(figure) for figure in found.figures],
        "by_hour": {
            "first_hour": found.city.day_start_hour,
            "pickups": _curves(found.observed.by_hour(), found.simulated.by_hour()),
            "search_mean_s": _curves(found.observed.search_by_hour(), found.simulated.search_by_hour()),
            "cabs_at_work": _curves(found.observed.active_by_hour(), found.simulated.active_by_hour()),
        },
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "observed": figure.observed,
        "simulated": figure.simulated,
        "aim": None if figure.aim is None else str(figure.aim),
        "met": figure.met,
    }


def _curves(observed: NDArray[np.float64] | None, simulated: NDArray[np.float64] | None) -> dict[str, Any]:
    return {"observed": _numbers(observed), "simulated": _numbers(simulated)}


def _numbers(values: NDArray[np.float64] | None) -> list[float | None] | None:
    return None if values is None else [round(float(value), 3) if np.isfinite(value) else None for value in values]


def format_report(found: Validation) -> str:
    """The validation as a text table."""
    settings, history, days = found.scenario.settings, found.scenario.history, found.days
    lines = [
        f"{found.city.name}: {days[0]} to {days[-1]}, {len(days)} days, seeds {', '.join(map(str, found.seeds))}",
        f"calibrated on {history.first} to {history.last}",
        f"latent factor {settings.latent_factor:g}, patience {settings.patience_s:g} s, all taxis move like observed cabs",
        "",
        f"{'':36}{'observed':>10}{'simulated':>11}{'difference':>14}  aim",
    ]
    lines += [_line(figure) for figure in found.figures]
    lines += ["", f"{'hour':>6}{'pickups':>16}{'search, s':>16}{'cabs at work':>16}", *_hours(found)]
    return "\n".join(lines) + "\n"


def _line(figure: Figure) -> str:
    label = figure.name + (f", {figure.unit}" if figure.unit else "")
    decimals = 2 if not figure.unit else 1 if figure.unit in {"%", "km/h"} else 0
    difference = ""
    if figure.unit and figure.observed and figure.simulated is not None:
        points = figure.simulated - figure.observed
        difference = f"{points:+.1f} points" if figure.unit == "%" else f"{100 * points / figure.observed:+.1f} %"
    observed = _text(figure.observed, decimals) if figure.unit else ""
    aim = "" if figure.aim is None else f"{figure.aim}: {_VERDICTS[figure.met] or 'not observed'}"
    return f"{label:36}{observed:>10}{_text(figure.simulated, decimals):>11}{difference:>14}  {aim}".rstrip()


def _hours(found: Validation) -> list[str]:
    curves = [(side.by_hour(), side.search_by_hour(), side.active_by_hour()) for side in (found.observed, found.simulated)]
    rows = []
    for hour in range(24):
        cells = [
            f"{_at(observed, hour)} {_at(simulated, hour):>6}".rjust(16) for observed, simulated in zip(*curves, strict=True)
        ]
        rows.append(f"{(found.city.day_start_hour + hour) % 24:4}h " + "".join(cells))
    return rows


def _at(curve: NDArray[np.float64] | None, hour: int) -> str:
    return "–" if curve is None or not np.isfinite(curve[hour]) else f"{curve[hour]:,.0f}"


def _text(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:,.{decimals}f}"
