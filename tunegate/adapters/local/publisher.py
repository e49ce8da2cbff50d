"""Publishing to a folder: one file for each region, replaced atomically.

A file lock serialises the publishers of a region, so all of them must run on one machine (or see the folder through a file
system whose locks work between machines).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from tunegate.adapters.local.file_lock import FileLock
from tunegate.adapters.published_document import document_name, refuse_misfit

_FILE_MODE = 0o644


class FilePublisher:
    """Implements the port `Publisher`. Production reads `<folder>/<region>.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, region: str) -> Path:
        """The file of a region. Raises ValueError for a name that could lead elsewhere."""
        return self._folder / document_name(region)

    def publish(self, region: str, wanted: Callable[[], str]) -> bool:
        path = self.path(region)
        with FileLock(self._folder / f".{region}.lock").acquire():
            text = wanted()
            refuse_misfit(text, region)
            content = text.encode()
            if path.exists() and path.read_bytes() == content:
                _flush_folder(self._folder)  # A publisher may have been killed after the rename.
                return False
            for remains in self._folder.glob(f".{region}.json.*"):
                remains.unlink()
            _replace(path, content)
            return True

    def location(self, region: str) -> str:
        return str(self.path(region))


def _replace(path: Path, content: bytes) -> None:
    """Sync the complete new file to disk before the rename, and the rename before returning."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), _FILE_MODE)
        os.fsync(file.fileno())
    Path(temporary).replace(path)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
