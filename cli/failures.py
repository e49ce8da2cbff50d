"""Which failures a command explains, and the exit code each leads to. Imported only when something failed."""

from __future__ import annotations

from cli.exit_codes import EXIT_BAD_INPUT, EXIT_FAILED, CommandFailed
from cli.terminal import print_note
from tunegate.domain.errors import BadInput, DatabaseUnreachable, FailureBudgetSpent, SimulationFailed
from tunegate.ports.outage import Outage
from tunegate.ports.results import RecordConflict


def report_failure(error: Exception) -> int | None:
    """Explain a known failure on stderr and return its exit code; None for any other error, which is a defect."""
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
