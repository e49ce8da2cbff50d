"""One campaign of a region at a time on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunegate.adapters.local.file_lock import FileLock
from tunegate.domain.errors import Fault, RegionBusy


@contextmanager
def exclusive(path: Path, region: str) -> Iterator[None]:
    """Hold the region for the length of a `with` block. Raises RegionBusy when it is held."""
    held = FileLock(path).try_acquire()
    if held is None:
        rule = "one campaign of a region may run at a time"
        remedy = "Wait for it to end, or stop it; TUNEGATE_HOME separates installations."
        raise RegionBusy(Fault(rule, f"one of {region} that is running", str(path), remedy))
    with held:
        yield
