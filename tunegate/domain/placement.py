"""Where the parts of a campaign run."""

from __future__ import annotations

from enum import StrEnum


class Placement(StrEnum):
    """How far a campaign is spread over machines.

    INLINE: everything in the process of `retune`. WORKERS: each worker of the search is a run of the `worker` deployment and
    simulates by itself; confirmation and gate are runs of `simulate`. POD: every simulation is a run of the `simulate`
    deployment, so that a worker survives whatever becomes of it.
    """

    INLINE = "inline"
    WORKERS = "workers"
    POD = "pod"

    @property
    def deploys_workers(self) -> bool:
        """Whether workers are deployment runs."""
        return self is not Placement.INLINE
