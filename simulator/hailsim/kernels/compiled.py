"""The on-disk cache of compiled kernels.

numba invalidates a cached function when its own file changes, but not when a function it calls changes in another file, and
would keep running stale machine code. The cache directory is therefore named by a digest of all kernel sources.

numba needs a writable cache. Container images ship compiled kernels in a read-only directory; these are copied to a writable
one, which costs 1.5 MB instead of half a minute of compilation per container.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from numba import config


def use_cache_keyed_by_sources() -> None:
    """Point numba at a cache directory specific to these sources, in the first writable location."""
    here = Path(__file__).parent
    name, directories = cache_name(here), list(_candidate_directories(here))
    cached = next((directory for directory in directories if _writable(directory)), Path(tempfile.gettempdir())) / name
    shipped = next(
        (directory / name for directory in directories if not _writable(directory) and (directory / name).is_dir()), None
    )
    if shipped is not None and not cached.exists():
        _copy_whole(shipped, cached)
    config.CACHE_DIR = str(cached)  # type: ignore[attr-defined]


def cache_name(sources: Path) -> str:
    """A directory name that changes with any Python file of a directory."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources.glob("*.py"))))
    return f"hailsim-{digest.hexdigest()[:16]}"


def _candidate_directories(here: Path) -> Iterator[Path]:
    configured: str = config.CACHE_DIR  # type: ignore[attr-defined]
    if configured:
        yield Path(configured)
    yield here / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


def _writable(directory: Path) -> bool:
    """Whether the directory is writable or can be created (its nearest existing parent is writable)."""
    existing = next(parent for parent in (directory, *directory.parents) if parent.exists())
    return existing.is_dir() and os.access(existing, os.W_OK)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a directory atomically: `target` is complete or absent, even when several processes copy at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as partial:
        copy = shutil.copytree(source, Path(partial) / target.name)
        try:
            copy.rename(target)
        except OSError:
            # Another process won the race; its copy is identical.
            if not target.is_dir():
                raise
