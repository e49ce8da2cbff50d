"""The document that production reads, as far as a street needs it: parameters, and the windows of an experiment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hailsim.faults import BadInput, refuse
from hailsim.planner.parameters import PlannerParameters, read_parameters

FORMATS = (1, 2)
CANDIDATE = "candidate"
_REMEDY = "Have tunegate publish it; `published.schema.json` describes the document."


@dataclass(frozen=True, slots=True)
class Window:
    """One window in UTC, from `start` on and before `end`."""

    start: datetime
    end: datetime
    arm: str


@dataclass(frozen=True, slots=True)
class Experiment:
    """Both arms by turns. `versions` are by arm; figures count from `washout_min` after the start of a window."""

    candidate: PlannerParameters
    versions: Mapping[str, int]
    start: date
    zone: ZoneInfo
    washout_min: int
    currency: str
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What a region runs. `experiment` is None for format 1."""

    region: str
    parameters: PlannerParameters
    experiment: Experiment | None


def read_published(path: Path) -> Published:
    """Read and check a document. Raises BadInput."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] not in FORMATS:
            raise refuse("the format of a published document must be 1 or 2", document["format"], str(path), _REMEDY)
        experiment = _experiment(document, path) if document["format"] == 2 else None
        return Published(str(document["region"]), read_parameters(document["parameters"]), experiment)
    except BadInput:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"{type(error).__name__}: {error}"
        raise refuse("a published document must be readable", found, str(path), _REMEDY) from error


def _experiment(document: Mapping[str, Any], path: Path) -> Experiment:
    found, plan = document["experiment"], document["experiment"]["plan"]
    windows = tuple(Window(_instant(each["start"]), _instant(each["end"]), str(each["arm"])) for each in found["windows"])
    if not windows or any(one.end != other.start for one, other in pairwise(windows)):
        raise refuse("windows must follow each other without a gap", f"{len(windows)} windows", str(path), _REMEDY)
    return Experiment(
        candidate=read_parameters(found["candidate"]["parameters"]),
        versions={"production": int(document["version"]), CANDIDATE: int(found["candidate"]["version"])},
        start=date.fromisoformat(found["start"]),
        zone=ZoneInfo(plan["time_zone"]),
        washout_min=int(plan["washout_min"]),
        currency=str(plan["currency"]),
        windows=windows,
    )


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"an instant must have a zone, but got {text}")
    return instant
