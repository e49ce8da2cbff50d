"""The file lock that everything on one machine uses.

It is a `flock`: the kernel releases it when its holder dies, by `kill -9` too, so no lock file ever has to be removed. Every
acquisition opens the file afresh, so threads of one process exclude each other as well.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_POLL_S = 0.2


class HeldLock:
    """A lock that is held until `release`, or until the end of a `with` block."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock; releasing it again does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class FileLock:
    """An exclusive lock on the file `path`, which is created with its folder. Its content does not matter."""

    path: Path

    def acquire(self) -> HeldLock:
        """Wait until the lock is free and hold it."""
        return self._lock(fcntl.LOCK_EX)

    def try_acquire(self) -> HeldLock | None:
        """Hold the lock if it is free now; None when somebody else holds it."""
        try:
            return self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None

    async def acquire_async(self) -> HeldLock:
        """Wait until the lock is free and hold it, without blocking the event loop."""
        while (held := self.try_acquire()) is None:  # noqa: ASYNC110 - the holder may be another process
            await asyncio.sleep(_POLL_S)
        return held

    def is_held(self) -> bool:
        """Whether somebody holds the lock. Creates nothing: a file that is missing is not locked."""
        if not self.path.exists():
            return False
        try:
            # Shared, so that several who look at the same time do not see each other.
            self._lock(fcntl.LOCK_SH | fcntl.LOCK_NB).release()
        except BlockingIOError:
            return True
        return False

    def _lock(self, operation: int) -> HeldLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, operation)
        except BaseException:
            os.close(descriptor)
            raise
        return HeldLock(descriptor)
