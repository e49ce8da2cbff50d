"""`tunegate verdict replay`: a verdict computed again from its stored day results."""

from __future__ import annotations

import textwrap

from cli.exit_codes import EXIT_FAILED, EXIT_OK
from cli.terminal import print_line
from tunegate.application.verdicts import replay_verdict
from tunegate.installation import Installation

DIFFERENCES_SHOWN = 12
LINE_CHARACTERS = 160


def run(verdict: str) -> int:
    """Compare the record with what its day results give today; exit code 1 when a single bit differs. Raises BadInput."""
    found, outcome = replay_verdict(Installation.from_environment(create=False), verdict)
    if outcome.agrees:
        print_line(f"{found} agrees bit for bit with its stored day results")
        return EXIT_OK
    print_line(f"{found} DOES NOT AGREE with its stored day results:")
    for difference in outcome.differences[:DIFFERENCES_SHOWN]:
        print_line(f"  {textwrap.shorten(difference, LINE_CHARACTERS)}")
    if len(outcome.differences) > DIFFERENCES_SHOWN:
        print_line(f"  and {len(outcome.differences) - DIFFERENCES_SHOWN} more")
    return EXIT_FAILED
