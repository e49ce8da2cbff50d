"""Progress on stderr: one line rewritten in place on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

ON_TERMINAL_S, ELSEWHERE_S = 0.5, 15.0


def progress_of(what: str) -> Callable[[int, int], None]:
    """Return a function to call with the work done and the work in total."""
    started_s = time.monotonic()
    terminal = sys.stderr.isatty()
    written_s, first_s, first_done = started_s, 0.0, 0

    def report(done: int, total: int) -> None:
        nonlocal written_s, first_s, first_done
        now_s = time.monotonic()
        if not first_done:
            # Processes start and compile before their first result: the time left is estimated from there on.
            first_s, first_done = now_s, done
        if done < total and now_s - written_s < (ON_TERMINAL_S if terminal else ELSEWHERE_S):
            return
        written_s = now_s
        line = f"{what}: {done:,} of {total:,}"
        if done == total:
            line += f", {now_s - started_s:,.0f} s"
        elif done > first_done:
            line += f", {_in_words((now_s - first_s) * (total - done) / (done - first_done))} left"
        sys.stderr.write(f"\r{line:<60}" + ("\n" if done == total else "") if terminal else line + "\n")
        sys.stderr.flush()

    return report


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
