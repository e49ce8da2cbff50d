"""`tunegate verdict list`: every verdict of a region, newest first."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_OK
from cli.terminal import TABLE_COLUMNS
from tunegate.gate.verdict_document import read_verdict
from tunegate.installation import Installation


def run(region: str) -> int:
    """Print one line for each verdict."""
    rows = Installation.from_environment(create=False).verdicts.of_region(region)
    table = Table("verdict", "when (UTC)", "campaign", "kind", box=None)
    for row in rows:
        document = read_verdict(row.document)
        configuration, kind = document.evidence.configuration, document.judgement.verdict.KIND
        marked = f"{kind}, exploratory" if configuration is not None and configuration.exploratory else kind
        table.add_row(row.id[:19], f"{row.at:%Y-%m-%d %H:%M}", row.campaign, marked)
    Console(width=TABLE_COLUMNS).print(table if rows else f"{region} has no verdict yet")
    return EXIT_OK
