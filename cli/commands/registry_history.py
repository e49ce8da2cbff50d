"""`tunegate registry history`: every version and every decision of a region."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_OK
from cli.release_text import RELEASE_COLUMNS, SHORT_DIGEST, release_cells
from cli.terminal import TABLE_COLUMNS, print_line
from tunegate.domain.plain_json import plain
from tunegate.domain.releases import Decision
from tunegate.installation import Installation


def run(region: str, *, as_json: bool) -> int:
    """Print releases, oldest first, and decisions."""
    registry = Installation.from_environment(create=False).registry
    releases, decisions = registry.history(region), registry.decisions(region)
    if as_json:
        print_line(json.dumps(plain({"releases": releases, "decisions": decisions}), ensure_ascii=False))
        return EXIT_OK
    if not releases and not decisions:
        print_line(f"{region} has no release and no decision yet")
        return EXIT_OK
    versions = Table(*RELEASE_COLUMNS, box=None)
    for release in releases:
        versions.add_row(*release_cells(release))
    console = Console(width=TABLE_COLUMNS)
    console.print(versions)
    if decisions:
        console.print(_decision_table(decisions))
    return EXIT_OK


def _decision_table(decisions: tuple[Decision, ...]) -> Table:
    table = Table("verdict", "decision", "when (UTC)", "approver", "reason", box=None)
    for decision in decisions:
        when = f"{decision.when:%Y-%m-%d %H:%M}"
        table.add_row(decision.verdict[:SHORT_DIGEST], decision.outcome.value, when, decision.approver, decision.reason)
    return table
