"""Which commit of tunegate is running, where it runs from a checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3]


def git_commit() -> str | None:
    """The commit id, with `+changes` when files differ from it; None outside a checkout or without git."""
    if not (_CHECKOUT / ".git").exists():
        return None
    commit = _git("rev-parse", "HEAD")
    return commit and (f"{commit}+changes" if _git("status", "--porcelain", "--untracked-files=no") else commit)


def _git(*arguments: str) -> str | None:
    try:
        ran = subprocess.run(
            ["git", "-C", str(_CHECKOUT), *arguments],  # noqa: S607 - git as the user has it
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.strip()
