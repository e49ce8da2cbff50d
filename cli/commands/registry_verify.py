"""`tunegate registry verify`: the whole chain of a region's releases, checked with public keys alone."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_FAILED, EXIT_OK
from cli.registry_lookup import history_of
from cli.terminal import TABLE_COLUMNS, print_note
from tunegate.application.registry_check import verify_registry
from tunegate.installation import Installation


def run(region: str) -> int:
    """Print who signed each version; exit code 1 when anything does not hold. Raises BadInput for an unknown region."""
    installation = Installation.from_environment(create=False)
    history_of(installation.registry, region)
    checked = verify_registry(installation, region)
    table = Table("version", "kind", "approver", "signature", box=None)
    for one in checked:
        release = one.release
        table.add_row(
            str(release.version), release.kind.value, release.approver, "does not hold" if one.faults else one.signature
        )
    Console(width=TABLE_COLUMNS).print(table)
    faults = [fault for one in checked for fault in one.faults]
    for fault in faults:
        print_note(f"failed: {fault}")
    return EXIT_FAILED if faults else EXIT_OK
