"""What the street did: one row per window and arm as it was run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

ObservationKey = tuple[str, datetime, str]


@dataclass(frozen=True, slots=True)
class Observation:
    """Figures of one region, window and arm, from the end of the window's washout to its end.

    `arm` is what the readers logged that they ran, as they wrote it. A window in which some of them ran the other arm has two
    rows. `version` is the published version that they ran. `recorded_at` is when the row was written: a later row of the same
    key is a correction. All instants have a zone. `metrics` are further figures by name, each a mean or a rate of the window.
    """

    region: str
    window_start: datetime
    arm: str
    revenue_minor: int
    driver_hours: float
    trips: int
    version: int
    recorded_at: datetime
    currency: str
    metrics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("window_start", "recorded_at"):
            if getattr(self, name).tzinfo is None:
                raise ValueError(f"`{name}` must have a zone, but got {getattr(self, name).isoformat()}")

    @property
    def key(self) -> ObservationKey:
        """What makes two rows the same row."""
        return self.region, self.window_start, self.arm


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A window that a person took out of the analysis. It stays in the record, with whoever did it, when and why."""

    window_start: datetime
    approver: str
    reason: str
    when: datetime


@dataclass(frozen=True, slots=True)
class CurrentRows:
    """The latest row of each key, by window and arm, and the keys whose latest rows contradict each other."""

    rows: tuple[Observation, ...]
    contradictions: tuple[ObservationKey, ...]


def current_rows(observations: Iterable[Observation]) -> CurrentRows:
    """Apply corrections. Repeated equal rows count once; the order of arrival does not matter."""
    latest: dict[ObservationKey, Observation] = {}
    contradicted: set[ObservationKey] = set()
    for row in observations:
        known = latest.get(row.key)
        if known is None or row.recorded_at > known.recorded_at:
            latest[row.key] = row
            contradicted.discard(row.key)
        elif row.recorded_at == known.recorded_at and row != known:
            contradicted.add(row.key)
    rows = sorted(latest.values(), key=lambda row: (row.window_start, row.arm))
    return CurrentRows(tuple(rows), tuple(sorted(contradicted)))
