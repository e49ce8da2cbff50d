"""`tunegate approve`: release the candidate of a verdict into production."""

from __future__ import annotations

from pathlib import Path

from cli.decision_followup import end_waiting_runs, notify_people
from cli.exit_codes import EXIT_OK
from cli.release_failures import release_failures
from cli.release_text import announcement
from cli.terminal import print_line
from tunegate.application.releases import release_candidate, release_service
from tunegate.application.signing import signed_approval
from tunegate.application.verdict_lookup import find_verdict
from tunegate.domain.releases import Approval
from tunegate.installation import Installation
from tunegate.report.messages.release_notices import release_notice


def run(verdict: str, approver: str, reason: str, *, override: bool, key: str | None = None) -> int:
    """Release the candidate and print what changes. Raises BadInput with every rule that forbids it, CommandFailed."""
    installation = Installation.from_environment()
    row = find_verdict(installation, verdict)
    before = installation.registry.current(row.region)
    approval = Approval(row.region, row.id, approver, reason, override)
    candidate = release_candidate(installation, row)
    approval = signed_approval(installation, candidate, approval, None if key is None else Path(key).expanduser())
    with release_failures(row.region):
        release = release_service(installation).approve(candidate, approval)
    ran_before = candidate.configured if before is None else before.parameters
    for line in announcement(release, ran_before, installation.publisher.location(release.region)):
        print_line(line)
    notify_people(installation.workspace, release_notice(release, row.id, run_url=None))
    end_waiting_runs(installation.workspace, release, row.id)
    return EXIT_OK
