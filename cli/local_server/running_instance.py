"""Whether `tunegate up` runs for an installation, and at which addresses.

The instance holds a lock as long as it lives, and writes its addresses beside it. Without the lock, a file that a killed
instance left behind means nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tunegate.adapters.local.file_lock import FileLock, HeldLock
from tunegate.adapters.local.files import write_text
from tunegate.domain.errors import BadInput, Fault

_LOCK = "up.lock"
_ADDRESSES = "up.json"
# Looking whether the lock is held takes it for a moment.
_ATTEMPTS = 10
_RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class InstanceAddresses:
    """Where a running `tunegate up` is reached.

    URLs without a slash at the end. ui, api: of the Prefect server. dashboard: of the studies. pages: where reports are
    served.
    """

    ui: str
    api: str
    dashboard: str
    pages: str

    @property
    def index(self) -> str:
        """The page that lists every campaign."""
        return f"{self.pages}/index.html"


@contextmanager
def hold_instance_lock(home: Path, addresses: InstanceAddresses) -> Iterator[None]:
    """Hold the single-instance lock inside `with` and publish the addresses. Raises BadInput when an instance runs."""
    lock = FileLock(home / _LOCK)
    held = _acquire(lock)
    if held is None:
        other = running_instance(home)
        found = "one that just begins" if other is None else f"one at {other.ui}"
        raise BadInput(Fault("`tunegate up` must run once for an installation", found, str(home), "Use that one."))
    with held:
        write_text(home / _ADDRESSES, json.dumps(asdict(addresses)))
        try:
            yield
        finally:
            (home / _ADDRESSES).unlink()


def running_instance(home: Path) -> InstanceAddresses | None:
    """The addresses of the instance that runs now; None where none does, or while it begins or ends."""
    if not FileLock(home / _LOCK).is_held():
        return None
    try:
        written = (home / _ADDRESSES).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return InstanceAddresses(**json.loads(written))


def _acquire(lock: FileLock) -> HeldLock | None:
    for _ in range(_ATTEMPTS):
        held = lock.try_acquire()
        if held is not None:
            return held
        time.sleep(_RETRY_S)
    return None
