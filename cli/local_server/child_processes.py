"""Child processes that end with their parent, each with its own log.

A child runs under tunegate/adapters/simulator/process_guard.py in a session of its own. Ctrl-C reaches only the parent, and
when the parent is killed, the guard kills the whole process group of the child.
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

from tunegate.adapters.local.private_process import hide_this_process
from tunegate.adapters.simulator import process_guard

STOP_GRACE_S = 10.0
LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """A running process, its name in messages, and its log. It is killed when the descriptor `lifeline` is closed."""

    name: str
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    lifeline: int = field(repr=False)

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def with_log_tail(self, what: str) -> str:
        """A message followed by the end of the log."""
        tail = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"{what}; the end of its log:", *tail])


def start(name: str, python_arguments: Iterable[str], log: Path, environment: Mapping[str, str]) -> ChildProcess:
    """Start Python with these arguments; `environment` is added to that of this process, which is private from then on."""
    hide_this_process()
    # -P: a file in the working folder that is named like a module of ours or of Python is not taken for it.
    reading, writing = os.pipe()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, process_guard.__file__, str(reading), sys.executable, "-P", *python_arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(reading,),
            start_new_session=True,
        )
    os.close(reading)
    return ChildProcess(name, log, process, writing)


def stop(*children: ChildProcess) -> None:
    """Terminate children and everything they started; kill what is left after STOP_GRACE_S."""
    deadline = time.monotonic() + STOP_GRACE_S
    for child in children:
        _signal_group(child, signal.SIGTERM)
    for child in children:
        while _signal_group(child, 0) and time.monotonic() < deadline:
            child.process.poll()  # A leader that has ended stays in its group until its exit code is read.
            time.sleep(0.05)
        # Not waited for: where nothing reaps orphans (a container without an init), zombies stay in the group.
        _signal_group(child, signal.SIGKILL)
        child.process.wait()
        os.close(child.lifeline)


def _signal_group(child: ChildProcess, number: int) -> bool:
    """Send a signal to the group of a child; returns whether it still had a process."""
    try:
        os.killpg(child.process.pid, number)
    except ProcessLookupError:
        return False
    return True
