"""Progress of a long import on stderr: the current stage and, within the longest one, the time left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol, TextIO

_TERMINAL_EVERY_S, _LOG_EVERY_S = 0.5, 10.0
_FIRST_AFTER_S = 3.0


class Progress(Protocol):
    """Receives the stages of an import."""

    def stage(self, name: str) -> None:
        """A stage begins."""

    def advance(self, done: int, total: int) -> None:
        """`done` of `total` steps of the current stage are finished."""


class NoProgress:
    """Shows nothing."""

    def stage(self, name: str) -> None:
        """Ignore the stage."""

    def advance(self, done: int, total: int) -> None:
        """Ignore the step."""


@dataclass(slots=True)
class ProgressLine:
    """Writes one line that is overwritten on a terminal, and a new line every ten seconds elsewhere.

    Imports of a few seconds show nothing.
    """

    stream: TextIO
    _name: str = ""
    _started_s: float = field(init=False)
    _stage_s: float = 0.0
    _shown_s: float = 0.0
    _width: int = 0

    def __post_init__(self) -> None:
        self._started_s = time.monotonic()

    def stage(self, name: str) -> None:
        """Show the stage."""
        self._name, self._stage_s = name, time.monotonic()
        self._show(name)

    def advance(self, done: int, total: int) -> None:
        """Show the share done, and the time left at the pace of this stage so far."""
        spent_s = time.monotonic() - self._stage_s
        left_s = spent_s * (total - done) / max(done, 1)
        self._show(f"{self._name}: {done / max(total, 1):.0%}, {format_duration(left_s)} left")

    def close(self) -> None:
        """Clear the line on a terminal."""
        if self._width:
            self.stream.write("\r" + " " * self._width + "\r")
            self.stream.flush()
        self._width = 0

    def _show(self, text: str) -> None:
        now_s, terminal = time.monotonic(), self.stream.isatty()
        due_s = max(self._started_s + _FIRST_AFTER_S, self._shown_s + (_TERMINAL_EVERY_S if terminal else _LOG_EVERY_S))
        if now_s < due_s:
            return
        self._shown_s = now_s
        line = f"hailsim import, {format_duration(now_s - self._started_s)}: {text}"
        self.stream.write("\r" + line.ljust(self._width) if terminal else line + "\n")
        self._width = max(self._width, len(line)) if terminal else 0
        self.stream.flush()


def format_duration(seconds: float) -> str:
    """A duration for people, like 45 s, 3 min or 2 h 05 min."""
    if seconds < 60.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
