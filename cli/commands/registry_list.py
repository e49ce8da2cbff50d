"""`tunegate registry list`: what every region runs."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_OK
from cli.release_text import RELEASE_COLUMNS, release_cells
from cli.terminal import TABLE_COLUMNS
from tunegate.installation import Installation


def run() -> int:
    """Print the current release of every region that has one."""
    registry = Installation.from_environment(create=False).registry
    current = {region: registry.current(region) for region in registry.regions()}
    table = Table("region", *RELEASE_COLUMNS, box=None)
    for region, release in current.items():
        if release is not None:
            table.add_row(region, *release_cells(release))
    Console(width=TABLE_COLUMNS).print(table if current else "no region has a release yet")
    return EXIT_OK
