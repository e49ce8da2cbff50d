"""Processes beside ours: started with a log of their own, ended with everything they started, and gone when we are gone.

Each child runs under tunegate/adapters/simulator/process_guard.py in a session of its own. Ctrl-C reaches only us, and a
kill -9 of us takes the whole group of each child along.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tunegate.adapters.simulator import process_guard

STOP_GRACE_S = 10.0
LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class Child:
    """A running process, how people call it, and where it writes. `lifeline` is the descriptor that it lives by."""

    name: str
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    lifeline: int = field(repr=False)

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self.process.poll() is not None

    def last_words(self, what: str) -> str:
        """What happened, and the end of the log."""
        tail = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"{what}; the end of its log:", *tail])


def start(name: str, python_arguments: Iterable[str], log: Path, environment: Mapping[str, str]) -> Child:
    """Start Python with these arguments; `environment` comes on top of ours."""
    reading, writing = os.pipe()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, process_guard.__file__, str(reading), sys.executable, *python_arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(reading,),
            start_new_session=True,
        )
    os.close(reading)
    return Child(name, log, process, writing)


def stop(*children: Child) -> None:
    """End children with all they started, those that do not end by themselves by force, and close their lifelines."""
    deadline = time.monotonic() + STOP_GRACE_S
    for child in children:
        _signal_group(child, signal.SIGTERM)
    for child in children:
        while _signal_group(child, 0) and time.monotonic() < deadline:
            child.process.poll()  # An ended leader stays in its group until somebody has asked for its code.
            time.sleep(0.05)
        # Where nobody reaps orphans (a container without an init), the group stays there as a zombie: it is not waited for.
        _signal_group(child, signal.SIGKILL)
        child.process.wait()
        os.close(child.lifeline)


def _signal_group(child: Child, number: int) -> bool:
    """Whether any process of the child's group was there to be signalled."""
    try:
        os.killpg(child.process.pid, number)
    except ProcessLookupError:
        return False
    return True
