"""What releases were predicted to bring, and what the street saw of them.

The slope is the weighted least-squares line through the origin: 1 where the street confirms the simulator, 0.7 where releases
bring 0.7 of what was predicted. Each release weighs by the inverse square of its standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy import special

from tunegate.domain.verdicts import Interval

FEWEST_SCORES = 5
SLOPE_LEVEL = 0.1


@dataclass(frozen=True, slots=True)
class Score:
    """One release: when it was ended and how, its predicted gain and its realised one, in percent of production."""

    region: str
    experiment: str
    ended_at: datetime
    end: str
    predicted: Interval
    realised: Interval
    standard_error_pct: float


@dataclass(frozen=True, slots=True)
class Slope:
    """Realised per predicted gain, with its interval at 1 - SLOPE_LEVEL, from so many releases."""

    estimate: float
    low: float
    high: float
    releases: int


def slope_of(scores: Sequence[Score]) -> Slope | None:
    """The slope over these releases; None for fewer than FEWEST_SCORES, or where nothing was predicted."""
    predicted = np.array([score.predicted.estimate_pct for score in scores])
    if len(scores) < FEWEST_SCORES or not predicted.any():
        return None
    realised = np.array([score.realised.estimate_pct for score in scores])
    weights = 1.0 / np.array([score.standard_error_pct for score in scores]) ** 2
    information = float((weights * predicted**2).sum())
    estimate = float((weights * predicted * realised).sum()) / information
    degrees = len(scores) - 1
    # Releases that scatter more than their standard errors say widen the interval; luck never narrows it.
    scatter = max(1.0, float((weights * (realised - estimate * predicted) ** 2).sum()) / degrees)
    half_width = -float(special.stdtrit(degrees, SLOPE_LEVEL / 2)) * (scatter / information) ** 0.5
    return Slope(estimate, estimate - half_width, estimate + half_width, len(scores))


def slope_words(slope: Slope | None, releases: int) -> str:
    """The slope in a sentence."""
    if slope is None:
        return f"The street has judged {releases} releases; a slope needs {FEWEST_SCORES}."
    of = f"{slope.estimate:.2f} of what was predicted ({slope.low:.2f} to {slope.high:.2f})"
    return f"The last {slope.releases} releases brought {of}."
