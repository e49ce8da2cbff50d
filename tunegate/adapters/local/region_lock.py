"""One campaign of a region at a time on one machine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunegate.domain.errors import Fault, RegionBusy


@contextmanager
def exclusive(path: Path, region: str) -> Iterator[None]:
    """Hold the region inside `with`; the kernel lets go of it however the process ends. Raises RegionBusy when it is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            rule = "one campaign of a region may run at a time"
            remedy = "Wait for it to end, or stop it; TUNEGATE_HOME separates installations."
            raise RegionBusy(Fault(rule, f"one of {region} that is running", str(path), remedy)) from None
        yield
