"""Progress on stderr: a live panel in a terminal, a few timestamped lines anywhere else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tunegate.report import formats
from tunegate.report.terminal.progress import PHASES, CampaignPhase, CampaignProgress, Event

_REFRESH_PER_SECOND = 4
_LINE_AFTER_S = 60.0
_LINE_NOT_WITHIN_S = 5.0
_FAILURE_LINES = 5


def panel(progress: CampaignProgress, now_s: float) -> RenderableType:
    """CampaignPhase, bar, counts, best so far and times, in five lines of at most 80 columns."""
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    elapsed = f"{_whole_seconds(progress.elapsed_s(now_s))} elapsed"
    times = ", ".join(part for part in (elapsed, _left(progress, now_s)) if part)
    head.add_row(Text(progress.region, style="bold"), Text(times, style="dim"))
    bar = Table.grid(expand=True, padding=(0, 2, 0, 0))
    bar.add_column(ratio=1)
    bar.add_column(justify="right", no_wrap=True)
    bar.add_row(ProgressBar(total=1.0, completed=progress.share_done), Text(_amount_done(progress)))
    return Group(head, _phases(progress.phase), bar, Text(_counts(progress)), Text(_best(progress), style="bold"))


def line(progress: CampaignProgress, now_s: float) -> str:
    """The same in one line, for a log: trials while searching, days afterwards."""
    parts = [progress.phase.value, _amount_done(progress)]
    parts += [_counts(progress), _best(progress)] if progress.phase is CampaignPhase.SEARCH else []
    parts.append(_left(progress, now_s))
    return "; ".join(part for part in parts if part)


class ProgressDisplay:
    """Shows progress for as long as it is entered. `handle` may be called from any thread.

    On a terminal the panel refreshes by itself. Anywhere else a line is written when a phase begins, after each tenth of it
    (not within a few seconds of the last line), after a minute of silence, and for the first few failures.
    """

    def __init__(
        self,
        progress: CampaignProgress,
        console: Console | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._progress = progress
        self._console = console if console is not None else Console(stderr=True)
        self._monotonic = monotonic
        self._wall = wall
        self._lock = threading.Lock()
        self._live = self._make_live() if self._console.is_terminal else None
        self._line_at_s = monotonic()
        self._tenths_written = 0
        self._failure_lines = 0

    @property
    def progress(self) -> CampaignProgress:
        """The state now."""
        with self._lock:
            return self._progress

    def handle(self, event: Event) -> None:
        """Move on, and show it where a line is due."""
        with self._lock:
            now_s = self._monotonic()
            before, self._progress = self._progress, self._progress.after(event, now_s)
            if self._live is None:
                self._write_if_due(before, now_s)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start(refresh=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def _make_live(self) -> Live:
        return Live(
            console=self._console,
            get_renderable=lambda: panel(self.progress, self._monotonic()),
            refresh_per_second=_REFRESH_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=True,
        )

    def _write_if_due(self, before: CampaignProgress, now_s: float) -> None:
        progress = self._progress
        if progress.phase is not before.phase:
            self._write_state(now_s)
        elif progress.failed > before.failed and self._failure_lines < _FAILURE_LINES:
            self._failure_lines += 1
            self._write(f"trial {max(progress.failed - before.failed)} failed: {progress.last_failure or 'no reason given'}")
        elif now_s - self._line_at_s >= (_LINE_NOT_WITHIN_S if _tenths(progress) > self._tenths_written else _LINE_AFTER_S):
            self._write_state(now_s)

    def _write_state(self, now_s: float) -> None:
        self._line_at_s, self._tenths_written = now_s, _tenths(self._progress)
        self._write(line(self._progress, now_s))

    def _write(self, text: str) -> None:
        self._console.print(Text(f"{self._wall():%H:%M:%S} {self._progress.region} {text}"), soft_wrap=True)


def _tenths(progress: CampaignProgress) -> int:
    """Tenths of the present phase that are done; half a millionth is given away to rounding."""
    return int(10 * progress.share_done + 5e-7)


def _phases(current: CampaignPhase) -> Text:
    at = PHASES.index(current)
    text = Text()
    for index, phase in enumerate(PHASES):
        sign, style = ("✓", "green") if index < at else ("●", "bold") if index == at else ("○", "dim")
        text.append(f"{sign} {phase.value}   ", style=style)
    return text


def _whole_seconds(seconds: float) -> str:
    """Whole seconds are fine enough for what changes while one reads it."""
    return formats.duration(seconds) if seconds >= 59.5 else f"{seconds:.0f}{formats.SPACE}s"


def _left(progress: CampaignProgress, now_s: float) -> str:
    left_s = progress.time_left_s(now_s)
    return "" if left_s is None else f"about {_whole_seconds(max(1.0, left_s))} left"


def _amount_done(progress: CampaignProgress) -> str:
    if progress.phase is CampaignPhase.SEARCH:
        return f"{len(progress.complete)} of {formats.plural(progress.plan.trial_budget, 'trial')}"
    whole = progress.plan.days_of(progress.phase)
    return f"{progress.phase_days} of {formats.plural(whole, 'simulated day')}" if whole else ""


def _counts(progress: CampaignProgress) -> str:
    counts = (("running", progress.running), ("failed", progress.failed), ("pruned", progress.pruned))
    words = ", ".join(f"{len(numbers)} {name}" for name, numbers in counts)
    return f"{words}, {formats.plural(progress.simulated_days, 'simulated day')}"


def _best(progress: CampaignProgress) -> str:
    if progress.best is None:
        return "no value yet"
    return f"best {formats.change(progress.best.value_pct)} (trial {progress.best.number})"
