"""Where compiled kernels are kept between processes.

numba notices that the file of a cached function has changed, but not that a function it calls has changed in another file: it
would go on running the old machine code. So the cache's place is named by a digest of all kernel sources.

numba uses a cache only where it can write. An image holds compiled kernels where nothing can be written: they are copied to
where it can, 1.5 MB instead of half a minute of compiling in every container.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from numba import config


def keep_compiled_code_by_source() -> None:
    """Point numba's cache to a directory of these very sources, in the first place that can be written."""
    here = Path(__file__).parent
    name, places = name_of(here), list(_places(here))
    kept = next((place for place in places if _writable(place)), Path(tempfile.gettempdir())) / name
    shipped = next((place / name for place in places if not _writable(place) and (place / name).is_dir()), None)
    if shipped is not None and not kept.exists():
        _copy_whole(shipped, kept)
    config.CACHE_DIR = str(kept)  # type: ignore[attr-defined]


def name_of(sources: Path) -> str:
    """A directory name that changes with any Python file of a directory."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources.glob("*.py"))))
    return f"hailsim-{digest.hexdigest()[:16]}"


def _places(here: Path) -> Iterator[Path]:
    configured: str = config.CACHE_DIR  # type: ignore[attr-defined]
    if configured:
        yield Path(configured)
    yield here / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


def _writable(place: Path) -> bool:
    """Whether the directory is, or could be made, ours to write: its nearest existing parent decides."""
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    return existing.is_dir() and os.access(existing, os.W_OK)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a directory so that `target` is there whole or not at all, whoever else copies it at the same time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as partial:
        copy = shutil.copytree(source, Path(partial) / target.name)
        try:
            copy.rename(target)
        except OSError:
            # Another process was first; what it copied is the same.
            if not target.is_dir():
                raise
