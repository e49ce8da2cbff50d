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
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hailsim import __version__
from hailsim.faults import refuse
from hailsim.forecast.learnt import VERSION, LearntForecasts
from hailsim.model.calendar import History
from hailsim.model.city import City

VARIABLE = "HAILSIM_CACHE"


def kept_forecasts(city: City, history: History, learn: Callable[[], LearntForecasts]) -> LearntForecasts:
    """The forecasts from the cache directory, or learnt now and put there when a directory is configured.

    Raises BadInput when the file in the cache is not what was put there.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return learn()
    # The learner's own version counts too: another release of it may give other trees.
    content = f"{VERSION} {__version__} {version('scikit-learn')} {city.digest} {history.first} {history.last}"
    path = Path(folder) / f"forecast-{hashlib.sha256(content.encode()).hexdigest()[:32]}.npy"
    if path.exists():
        return LearntForecasts(history.last + timedelta(days=1), _read(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    learnt = learn()
    _write(path, learnt.pickups)
    return learnt


def _read(path: Path) -> NDArray[np.float32]:
    try:
        pickups: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise refuse("a cached forecast must be a whole NumPy file", str(error), str(path), "Delete the file.") from error
    return pickups


def _write(path: Path, pickups: NDArray[np.float32]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, pickups, allow_pickle=False)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
