"""An on-disk cache of ml forecasts, so that short-lived processes share one training run.

Enabled by setting `HAILSIM_CACHE` to a directory. Files are written atomically and named by a hash of the training inputs, so
they never go stale.
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
from hailsim.forecast.ml import VERSION, MlForecasts
from hailsim.model.calendar import History
from hailsim.model.city import City

VARIABLE = "HAILSIM_CACHE"


def cached_forecasts(city: City, history: History, train: Callable[[], MlForecasts]) -> MlForecasts:
    """Load the forecasts from the cache directory, or train and store them. Without a directory, always train.

    Raises BadInput for a damaged cache file.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return train()
    # Other scikit-learn releases may produce other trees.
    content = f"{VERSION} {__version__} {version('scikit-learn')} {city.digest} {history.first} {history.last}"
    path = Path(folder) / f"forecast-{hashlib.sha256(content.encode()).hexdigest()[:32]}.npy"
    if path.exists():
        return MlForecasts(history.last + timedelta(days=1), _read(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    forecasts = train()
    _write(path, forecasts.pickups)
    return forecasts


def _read(path: Path) -> NDArray[np.float32]:
    try:
        pickups: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise refuse("a cached forecast must be a complete NumPy file", str(error), str(path), "Delete the file.") from error
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
