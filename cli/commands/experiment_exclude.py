"""`tunegate experiment exclude`: take a window out of the analysis, for all to see."""

from __future__ import annotations

from cli.exit_codes import EXIT_OK, CommandFailed
from cli.set_clock import parse_instant
from cli.terminal import print_line
from tunegate.application.experiments import exclude_window
from tunegate.installation import Installation
from tunegate.ports.experiments import ExperimentMoved


def run(region: str, window: str, approver: str, reason: str) -> int:
    """Take out the window that begins at this instant. Raises BadInput, CommandFailed when the monitor wrote meanwhile."""
    start = parse_instant("START", window)
    try:
        event = exclude_window(Installation.from_environment(), region, start, approver, reason)
    except ExperimentMoved as error:
        raise CommandFailed(f"{error}. Nothing was written; say it again.") from error
    print_line(f"{region}: the window of {start:%Y-%m-%d %H:%M} UTC is out, by {event.who}: {event.why}")
    return EXIT_OK
