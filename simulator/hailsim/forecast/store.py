"""Learnt forecasts on disk, so that many short-lived processes train once between them.

Set `HAILSIM_CACHE` to a directory to use it. A file is written beside its place and renamed into it, so that a reader sees a
whole file or none; it is named by what it was learnt from, so that it never goes stale.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np

from hailsim import __version__
from hailsim.forecast.learnt import VERSION, LearntForecasts
from hailsim.model.calendar import History
from hailsim.model.city import City

VARIABLE = "HAILSIM_CACHE"


def kept_forecasts(city: City, history: History, learn: Callable[[], LearntForecasts]) -> LearntForecasts:
    """The forecasts from the cache directory, or learnt now and put there when a directory is configured."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return learn()
    content = f"{VERSION} {__version__} {city.digest} {history.first} {history.last}"
    path = Path(folder) / f"forecast-{hashlib.sha256(content.encode()).hexdigest()[:32]}.npy"
    if path.exists():
        return LearntForecasts(history.last + timedelta(days=1), np.load(path, allow_pickle=False))
    path.parent.mkdir(parents=True, exist_ok=True)
    learnt = learn()
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        np.save(part, learnt.pickups, allow_pickle=False)
    Path(part.name).replace(path)
    return learnt
