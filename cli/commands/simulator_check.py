"""`tunegate simulator check`: every rule of the simulator contract, for people who write simulators."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Callable

from rich.console import Console

from cli.exit_codes import EXIT_FAILED, EXIT_OK
from cli.terminal import TABLE_COLUMNS, print_line, print_note
from tunegate.adapters.simulator.probe import CommandProbe
from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits
from tunegate.application.conformance import check_simulator
from tunegate.domain.conformance import ConformanceReport, Finding
from tunegate.report.terminal.conformance_text import finding_line, findings_table, summary_line

ALLOWANCE_FOR_THE_FIRST_ANSWER_S = 30.0


def run(words: tuple[str, ...], city: str | None, timeout_s: float, *, as_json: bool) -> int:
    """Print a table of all rules; 1 when one failed. Raises BadInput when there is no such command."""
    command = tuple(shlex.split(words[0])) if len(words) == 1 else words
    start_s = min(ALLOWANCE_FOR_THE_FIRST_ANSWER_S, timeout_s)
    probe_limits = ProcessLimits(answer_timeout_s=timeout_s, start_allowance_s=start_s)
    report = asyncio.run(_check(command, city, probe_limits, lambda finding: print_note(finding_line(finding))))
    if as_json:
        print_line(json.dumps(report.as_document()))
    else:
        console = Console(width=TABLE_COLUMNS)
        console.print(findings_table(report))
        console.print(summary_line(report))
    return EXIT_OK if report.conforms else EXIT_FAILED


async def _check(
    command: tuple[str, ...], city: str | None, limits: ProcessLimits, on_finding: Callable[[Finding], None]
) -> ConformanceReport:
    """The probe belongs to the event loop it is made in."""
    return await check_simulator(CommandProbe(command, limits), city, on_finding)
