"""A process whose memory, environment and open files no other program of the same user can read.

`python -m tunegate.adapters.local.private_process MODULE ARGUMENT…` runs a module in such a process: one that starts programs
of other teams must not hand them its passwords through `/proc`.
"""

from __future__ import annotations

import ctypes
import runpy
import sys

_PR_SET_DUMPABLE = 4


def hide_this_process() -> None:
    """Make this process private until it runs another program. Linux only; elsewhere there is no `/proc` to read."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            error = ctypes.get_errno()
            raise OSError(error, "the process could not be made private")


if __name__ == "__main__":
    hide_this_process()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
