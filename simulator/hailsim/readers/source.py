"""The output of every reader: a road network, trips in degrees and UTC, and optionally vacant runs.

Glossary: T trip rows of a source, C vacant runs. Times are int64 seconds since 1970-01-01 UTC; NO_TIME if missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hailsim.findings import Finding
from hailsim.model.geometry import Floats
from hailsim.model.raw_network import RawNetwork

NO_TIME = np.iinfo(np.int64).min
NO_CAB = -1
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SourceTrips:
    """Recorded trips. pickup_utc_s, dropoff_utc_s: int64[T]; *_lat, *_lon: float64[T] degrees, NaN where missing.

    cab: int64[T], NO_CAB where missing, or None if the source does not identify cabs. unreadable: rows skipped by the reader,
    by reason. distance_m: float64[T] recorded distance, or None. duration_s: int64[T] recorded duration (NO_TIME where
    missing), or None. repaired: values repaired by the reader.
    """

    pickup_utc_s: Ints
    dropoff_utc_s: Ints
    pickup_lat: Floats
    pickup_lon: Floats
    dropoff_lat: Floats
    dropoff_lon: Floats
    cab: Ints | None
    unreadable: tuple[Finding, ...]
    distance_m: Floats | None = None
    duration_s: Ints | None = None
    repaired: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.pickup_utc_s)

    def select(self, rows: NDArray[np.bool_]) -> SourceTrips:
        """The trips of some rows."""
        columns = ("pickup_utc_s", "dropoff_utc_s", "pickup_lat", "pickup_lon", "dropoff_lat", "dropoff_lon")
        optional = [name for name in ("cab", "distance_m", "duration_s") if getattr(self, name) is not None]
        return replace(self, **{name: getattr(self, name)[rows] for name in (*columns, *optional)})


@dataclass(frozen=True, slots=True)
class VacantRuns:
    """Runs of vacant cabs: cab: int64[C]; start_utc_s, end_utc_s: int64[C].

    distance_m: float64[C]; ends_in_pickup: bool[C], whether the run ended with a pickup; None if not recorded.
    """

    cab: Ints
    start_utc_s: Ints
    end_utc_s: Ints
    distance_m: Floats | None = None
    ends_in_pickup: NDArray[np.bool_] | None = None
    unreadable: tuple[Finding, ...] = ()
    repaired: tuple[Finding, ...] = ()

    def select(self, rows: NDArray[np.bool_]) -> VacantRuns:
        """Some of the runs."""
        optional = [name for name in ("distance_m", "ends_in_pickup") if getattr(self, name) is not None]
        columns = ("cab", "start_utc_s", "end_utc_s")
        return replace(self, **{name: getattr(self, name)[rows] for name in (*columns, *optional)})


@dataclass(frozen=True, slots=True)
class SourceCity:
    """One source as read, not yet validated. `files` are the names of the files read, for the provenance."""

    kind: str
    files: tuple[str, ...]
    network: RawNetwork
    trips: SourceTrips
    vacant: VacantRuns | None
