"""The exit codes of every command."""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class CommandFailed(Exception):
    """A command could not do what was asked, for a reason that no other input would remove. The message is for people."""
