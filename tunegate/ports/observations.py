"""What the street reports while an experiment runs. The columns are documented in docs/observations.md."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tunegate.experiment.observations import Observation


class Observations(Protocol):
    """Rows that somebody else writes, and may add to and correct at any time. May block and be called from any thread."""

    def read(self, region: str, since: datetime, until: datetime) -> tuple[Observation, ...]:
        """Every row of the region whose window began at `since` or later and before `until`, as often as it is there.

        In no particular order; corrections are applied by `current_rows`. Raises BadInput with the faults of rows that cannot
        be read and where the place is missing, Outage or DatabaseUnreachable where it cannot be reached.
        """
        ...
