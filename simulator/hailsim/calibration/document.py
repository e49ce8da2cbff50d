"""The worlds file: worlds as anybody may write them by hand, and how a calibration found them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hailsim import __version__
from hailsim.calibration.calibrate import Calibration, Check, Estimate
from hailsim.calibration.coverage import CoverageCheck
from hailsim.calibration.figures import HEADLINES, FigureSpec
from hailsim.calibration.posterior import Floats
from hailsim.calibration.unknowns import SIGNIFICANT_DIGITS
from hailsim.faults import refuse

FORMAT = "worlds/1"


def worlds_document(found: Calibration, coverage: CoverageCheck | None) -> dict[str, Any]:
    """The worlds file of a calibration; equal calibrations give equal documents."""
    request = found.request
    return {
        "format": FORMAT,
        "simulator": {"name": "hailsim", "version": __version__},
        "city": {"name": request.city.name, "digest": request.city.digest},
        "unknowns": [_unknown(estimate) for estimate in found.estimates],
        "worlds": [
            {"settings": dict(world), "weight": _number(weight)}
            for world, weight in zip(found.worlds, found.accepted.weights, strict=True)
        ],
        "calibration": {
            "days": _span(request.days),
            "history": {"first": request.source.history.first.isoformat(), "last": request.source.history.last.isoformat()},
            "settings": dict(request.settings),
            "seed": request.seed,
            "draws": request.draws,
            "misfit": {"best": _number(found.accepted.misfits[0]), "tolerance": _number(found.accepted.tolerance)},
            "out_of_reach": [spec.name for spec in found.unreachable],
        },
        "check": None if found.check is None else _check(found.check, found),
        "coverage": None if coverage is None else coverage_document(coverage),
    }


def coverage_document(coverage: CoverageCheck) -> dict[str, Any]:
    """The coverage check as JSON."""
    return {
        "test_worlds": coverage.test_worlds,
        "unfit": coverage.unfit,
        "unknowns": [
            {
                "name": row.unknown.name,
                "covered": _number(row.covered),
                "calibrated": _number(row.calibrated),
                "width": _number(row.width),
            }
            for row in coverage.by_unknown
        ],
    }


def canonical(document: dict[str, Any]) -> bytes:
    """The document's bytes: keys in order, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return (text + "\n").encode()


def check_writable(path: Path, flag: str) -> None:
    """Refuse an unwritable file before anything is simulated. Raises BadInput."""
    remedy = "Name a file in a folder that exists and may be written to."
    if path.is_dir():
        raise refuse(f"{flag} names a file", f"the folder {path}", flag, remedy)
    if not path.parent.is_dir():
        raise refuse(f"the folder of {flag} must exist", str(path.parent), flag, remedy)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise refuse(f"the folder of {flag} must be writable", str(path.parent), flag, remedy)


def write_whole(path: Path, content: bytes, flag: str) -> None:
    """Write the file atomically. Raises BadInput."""
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        raise refuse(f"{flag} must be written", f"{path}: {error.strerror}", flag, "Name another file.") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def weighted_figure(values: Floats, weights: Floats) -> tuple[float, float, float]:
    """Mean, lowest and highest of the worlds' values of one figure, on its own scale."""
    return float(values @ weights), float(values.min()), float(values.max())


def _unknown(estimate: Estimate) -> dict[str, Any]:
    unknown = estimate.unknown
    return {
        "name": unknown.name,
        "low": unknown.low,
        "high": unknown.high,
        "log": unknown.log,
        "calibrated": estimate.calibrated,
        "r_squared": None if estimate.r_squared is None else _number(estimate.r_squared),
        "interval_90": {"low": estimate.low, "median": estimate.median, "high": estimate.high},
    }


def _check(check: Check, found: Calibration) -> dict[str, Any]:
    figures = np.stack([world.figures for world in check.worlds])
    specs = found.request.specs[:HEADLINES]
    return {
        "days": _span(check.days),
        "figures": [
            _checked_figure(spec, figures[:, place], float(check.observed.figures[place]), found.accepted.weights)
            for place, spec in enumerate(specs)
        ],
    }


def _checked_figure(spec: FigureSpec, values: Floats, observed: float, weights: Floats) -> dict[str, Any]:
    mean, low, high = weighted_figure(values, weights)
    return {
        "name": spec.name,
        "unit": spec.unit,
        "observed": _number(spec.natural(observed)) if np.isfinite(observed) else None,
        "worlds": {name: _number(spec.natural(value)) for name, value in (("mean", mean), ("low", low), ("high", high))},
    }


def _span(days: Sequence[Any]) -> dict[str, str]:
    return {"first": days[0].isoformat(), "last": days[-1].isoformat()}


def _number(value: float) -> float:
    return float(f"{float(value):.{SIGNIFICANT_DIGITS}g}")
