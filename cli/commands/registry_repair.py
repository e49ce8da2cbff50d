"""`tunegate registry repair`: publish again what the registry says."""

from __future__ import annotations

from cli.exit_codes import EXIT_FAILED, EXIT_OK
from cli.publication_repair import report_repairs
from cli.registry_lookup import history_of
from tunegate.application.releases import release_service
from tunegate.installation import Installation


def run(region: str | None) -> int:
    """Repair one region, or all; exit code 1 when one could not be published. Raises BadInput for an unknown region."""
    installation = Installation.from_environment()
    regions = None if region is None else (history_of(installation.registry, region)[-1].region,)
    repairs = release_service(installation).repair_publications(regions)
    return EXIT_OK if report_repairs(repairs) else EXIT_FAILED
