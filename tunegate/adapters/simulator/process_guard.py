"""Runs a command and takes the whole process group down when the parent goes away; a script of its own, standard library only.

`python process_guard.py LIFELINE_FD COMMAND…`: LIFELINE_FD is the reading end of a pipe whose writing end only the parent
holds. However the parent ends, kill -9 included, the pipe reaches its end, and then the group is killed, with whatever the
command started. End of input on stdin would stop only a simulator that still reads it; PR_SET_PDEATHSIG is Linux only, follows
the parent's *thread*, and misses grandchildren.

The guard makes itself private first: its environment may hold passwords that its command must not read from `/proc`.

The guard ends as its command ended: with the same exit code, or by the same signal.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading

NOT_STARTED_CODE = 127
_PR_SET_DUMPABLE = 4


def main(arguments: list[str]) -> int:
    """Run the command to its end; the exit code to end with."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    lifeline, command = int(arguments[0]), arguments[1:]
    try:
        # Popen closes every other descriptor in the child, so the command cannot hold the lifeline.
        process = subprocess.Popen(command)
    except OSError as error:
        sys.stderr.write(f"{command[0]} did not start: {error}\n")
        return NOT_STARTED_CODE
    # From here on stdin and stdout are the command's alone: the other side must see them close when the command closes them.
    os.close(0)
    os.close(1)
    threading.Thread(target=_kill_group_when_orphaned, args=(lifeline,), daemon=True).start()
    code = process.wait()
    if code < 0:
        _end_by_signal(-code)
    return code


def _kill_group_when_orphaned(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _end_by_signal(number: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
