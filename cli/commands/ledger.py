"""`tunegate ledger`: every use of a test period by a region."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_OK
from cli.terminal import TABLE_COLUMNS, print_line
from tunegate.domain.plain_json import plain
from tunegate.installation import Installation


def run(region: str, *, as_json: bool) -> int:
    """Print the ledger of a region, oldest entry first."""
    entries = Installation.from_environment(create=False).ledger.entries(region)
    if as_json:
        print_line(json.dumps([{**plain(entry), "at": entry.at.isoformat()} for entry in entries]))
        return EXIT_OK
    table = Table("when (UTC)", "test days", "level spent", "campaign", "candidate", box=None)
    for entry in entries:
        when, candidate = f"{entry.at:%Y-%m-%d %H:%M}", entry.candidate_digest[:19]
        table.add_row(when, str(entry.test), f"{entry.alpha_spent:.4g}", entry.campaign, candidate)
    Console(width=TABLE_COLUMNS).print(table if entries else f"{region} has used no test period yet")
    return EXIT_OK
