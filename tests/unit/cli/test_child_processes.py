"""Children end with everything they started, whoever ends and however."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from cli.local_server import child_processes as children

POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit(0)))
print("up", flush=True)
time.sleep(300)
"""
# A child that ignores being asked to end, and has a child of its own.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(below.pid, flush=True)
time.sleep(300)
"""
PARENT = """
import sys, time
from pathlib import Path
from cli.local_server import child_processes as children
children.start("child", ("-c", sys.argv[2]), Path(sys.argv[1]), {})
time.sleep(300)
"""


def _printed_pid(log: Path) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if log.exists() and log.read_text().strip():
            return int(log.read_text())
        time.sleep(0.05)
    raise AssertionError("the child said nothing")


def _is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_child_that_ends_when_asked_is_given_the_time_to(tmp_path: Path) -> None:
    child = children.start("child", ("-c", POLITE), tmp_path / "log", {})
    while "up" not in child.log.read_text():
        time.sleep(0.02)
    children.stop(child)
    assert child.log.read_text().split() == ["up", "bye"]
    assert child.has_ended


def test_one_that_does_not_is_killed_with_all_it_started(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(children, "STOP_GRACE_S", 0.5)
    child = children.start("child", ("-c", STUBBORN), tmp_path / "log", {})
    below = _printed_pid(child.log)
    children.stop(child)
    assert child.has_ended
    assert _is_gone(below)


def test_a_parent_that_is_killed_takes_its_children_and_theirs_along(tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(log), STUBBORN], start_new_session=True)
    below = _printed_pid(log)
    parent.kill()
    parent.wait()
    assert _is_gone(below)


def test_a_message_is_followed_by_the_end_of_the_log(tmp_path: Path) -> None:
    script = "print('\\n'.join(f'line {n}' for n in range(99))); raise SystemExit(3)"
    child = children.start("the toy", ("-c", script), tmp_path / "log", {"PYTHONUNBUFFERED": "1"})
    assert child.process.wait(timeout=30) == 3
    words = child.with_log_tail("the toy ended").splitlines()
    assert (words[0], words[-1], len(words)) == ("the toy ended; the end of its log:", "line 98", 1 + children.LAST_LINES)
    os.close(child.lifeline)
