"""The exit codes of every command, and which one a failure leads to."""

from __future__ import annotations

from cli.terminal import print_note
from tunegate.domain.errors import BadInput, DatabaseUnreachable, FailureBudgetSpent, SimulationFailed
from tunegate.ports.outage import Outage
from tunegate.ports.results import RecordConflict

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class CommandFailed(Exception):
    """A command could not do what was asked, for a reason that no other input would remove. The message is for people."""


def report_failure(error: Exception) -> int | None:
    """Explain a known failure on stderr and return its exit code; None for an error that is a defect of ours."""
    match error:
        case BadInput(faults=faults):
            for fault in faults:
                print_note(f"error: {fault}")
            return EXIT_BAD_INPUT
        case RecordConflict(fault=fault):
            print_note(f"error: {fault}")
            return EXIT_BAD_INPUT
        case CommandFailed() | DatabaseUnreachable() | FailureBudgetSpent() | SimulationFailed() | Outage():
            print_note(f"failed: {error}")
            return EXIT_FAILED
        case _:
            return None
