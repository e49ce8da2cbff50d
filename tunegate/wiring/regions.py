"""One campaign of a region at a time, on this machine and on all others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tunegate.adapters.local.region_lock import exclusive
from tunegate.domain.errors import Fault, RegionBusy
from tunegate.wiring.places import stores, workspace

LONGEST_HOLDER = 200

_held: set[str] = set()


@contextmanager
def exclusive_region(region: str) -> Iterator[None]:
    """Keep other campaigns of the region from running on this machine inside `with`. Raises RegionBusy when one runs.

    A process that holds the region may hold it once more.
    """
    if region in _held:
        yield
        return
    with exclusive(workspace().region_lock(region), region):
        _held.add(region)
        try:
            yield
        finally:
            _held.remove(region)


def region_lease(region: str) -> str:
    """The lease that a campaign of the region holds while it runs, on whatever machine."""
    return f"region:{region}"


def region_holder() -> str:
    """What this installation is called in that lease; the lock above keeps its own processes apart."""
    return f"{socket.gethostname()}:{workspace().root}"[:LONGEST_HOLDER]


def refuse_if_elsewhere(region: str) -> None:
    """Raise RegionBusy when a campaign of the region runs on another machine."""
    holder = stores().leases.holder(region_lease(region))
    if holder not in {None, region_holder()}:
        rule, remedy = "one campaign of a region may run at a time", "Wait for it to end, or stop it."
        raise RegionBusy(Fault(rule, f"one of {region} that is running on {holder}", region_lease(region), remedy))
