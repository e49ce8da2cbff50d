"""Where the parts of a campaign run."""

from __future__ import annotations

from enum import StrEnum


class Placement(StrEnum):
    """How far a campaign is spread over machines.

    INLINE: everything runs in the process of `retune`. WORKERS: each worker of the search is a run of the `worker` deployment
    and simulates in its own process; the rest runs in `retune`. POD: every simulation, too, is a run of the `simulate`
    deployment, so that a crash of one does not affect the run that waits for it.
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
