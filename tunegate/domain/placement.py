"""Where the parts of a campaign run."""

from __future__ import annotations

from enum import StrEnum


class Placement(StrEnum):
    """How far a campaign is spread over machines.

    INLINE: everything in the process of `retune`. WORKERS: each worker of the search is a run of the `worker` deployment, which
    simulates by itself; the rest stays with `retune`. POD: every simulation too is a run, of the `simulate` deployment, so that
    whoever waits for it survives whatever becomes of it.
    """

    INLINE = "inline"
    WORKERS = "workers"
    POD = "pod"

    @property
    def deploys_workers(self) -> bool:
        """Whether workers are deployment runs."""
        return self is not Placement.INLINE

    @property
    def deploys_simulations(self) -> bool:
        """Whether simulations are deployment runs."""
        return self is Placement.POD
