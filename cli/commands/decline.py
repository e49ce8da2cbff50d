"""`tunegate decline`: close a verdict without releasing its candidate."""

from __future__ import annotations

from cli.decision_followup import end_waiting_runs, notify_people
from cli.exit_codes import EXIT_OK
from cli.terminal import print_line
from tunegate.application.releases import release_service
from tunegate.application.verdict_lookup import find_verdict
from tunegate.installation import Installation
from tunegate.report.messages.notices import Declined


def run(verdict: str, approver: str, reason: str) -> int:
    """Close the verdict. Raises BadInput when it was decided before."""
    installation = Installation.from_environment()
    row = find_verdict(installation, verdict)
    decision = release_service(installation).decline(row.region, row.id, approver, reason)
    print_line(f"{row.id} is declined; production of {row.region} stays as it is")
    notify_people(installation.workspace, Declined(row.region, row.id, approver, reason, run_url=None))
    end_waiting_runs(installation.workspace, decision, row.id)
    return EXIT_OK
