"""The installation that runs of this process work on.

Prefect calls flows and tasks with plain parameters, so they have to find their installation: this is the only place to do so.
A task asks once, at its top, and passes on what is needed; nothing in `tunegate` asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tunegate.config.workspace import Workspace
from tunegate.installation import Installation

_chosen: list[Installation] = []  # by `use_installation`, innermost last
_of_environment: list[Installation] = []  # at most one


def current_installation() -> Installation:
    """The installation chosen with `use_installation`, else the one that the environment describes. Raises BadInput.

    The latter is built when it is first asked for, and kept as long as the environment describes the same one: a process whose
    TUNEGATE_HOME changes gets another installation, and has nothing to clear.
    """
    if _chosen:
        return _chosen[-1]
    workspace = Workspace.from_environment()
    if not _of_environment or _of_environment[-1].workspace != workspace:
        _of_environment[:] = [Installation(workspace)]
    return _of_environment[-1]


@contextmanager
def use_installation(installation: Installation) -> Iterator[Installation]:
    """Have every run of this process, in whatever thread, work on `installation` inside `with`."""
    _chosen.append(installation)
    try:
        yield installation
    finally:
        _chosen.remove(installation)
