"""Where compiled kernels are kept between processes.

numba notices that the file of a cached function has changed, but not that a function it calls has changed in another file: it
would go on running the old machine code. So the cache's place is named by a digest of all kernel sources.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from numba import config


def keep_compiled_code_by_source() -> None:
    """Point numba's cache to a directory of these very sources, below `NUMBA_CACHE_DIR`, this package or the user's cache."""
    here = Path(__file__).parent
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py"))))
    config.CACHE_DIR = str(_base(here) / f"hailsim-{sources.hexdigest()[:16]}")  # type: ignore[attr-defined]


def _base(here: Path) -> Path:
    configured: str = config.CACHE_DIR  # type: ignore[attr-defined]
    if configured:
        return Path(configured)
    if os.access(here, os.W_OK):
        return here / "__pycache__"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
