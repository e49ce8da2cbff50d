"""The report on the repair of publications."""

from __future__ import annotations

from collections.abc import Iterable

from cli.terminal import print_note
from tunegate.release.service import PublicationRepair


def report_repairs(repairs: Iterable[PublicationRepair]) -> bool:
    """Print what was published again and what could not be; returns whether every region is published as the registry says."""
    failures = 0
    for repair in repairs:
        if repair.failure is not None:
            print_note(f"failed: {repair.failure}")
            failures += 1
        elif repair.changed:
            print_note(f"{repair.region}: the published document did not match the registry and was published again")
    return failures == 0
