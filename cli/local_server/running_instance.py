"""Whether `tunegate up` runs for this installation, and where: a locked file in its folder, which nobody has to tidy up."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from tunegate.domain.errors import BadInput, Fault

_FILE = "up.json"
_LOOKS = 10


@dataclass(frozen=True, slots=True)
class Team:
    """The addresses of a running `tunegate up`; `pages` is where reports lie."""

    ui: str
    api: str
    dashboard: str
    pages: str

    @property
    def index(self) -> str:
        """The page that lists every campaign."""
        return f"{self.pages}/index.html"


@contextmanager
def stand(home: Path, addresses: Team) -> Iterator[None]:
    """Be the one `tunegate up` of the installation inside `with`, to be found by `team`. Raises BadInput when there is one."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / _FILE).open("a+") as file:
        if not _locked(file):
            there = team(home)
            found = "one that just begins" if there is None else f"one at {there.ui}"
            raise BadInput(Fault("`tunegate up` must run once for an installation", found, str(home), "Use that one."))
        os.ftruncate(file.fileno(), 0)
        file.write(json.dumps(asdict(addresses)))
        file.flush()
        yield


def team(home: Path) -> Team | None:
    """The `tunegate up` that runs now; None where none does. One that was killed holds no lock any more."""
    try:
        with (home / _FILE).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                written = file.read()
                return Team(**json.loads(written)) if written else None
    except FileNotFoundError:
        return None
    return None


def _locked(file: IO[str]) -> bool:
    """Whether the lock is ours; those who only look hold it for a moment."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            return True
    return False
