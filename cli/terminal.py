"""Writing to a terminal: results go to stdout, everything else to stderr."""

from __future__ import annotations

import sys

TABLE_COLUMNS = 140


def print_line(line: str) -> None:
    """Write a line of the result, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_note(line: str) -> None:
    """Write a line about progress or an error."""
    sys.stderr.write(line + "\n")
