"""`tunegate rollback`: bring an earlier version back into production."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cli.decision_followup import notify_people
from cli.exit_codes import EXIT_OK
from cli.release_failures import release_failures
from cli.release_text import announcement
from cli.terminal import print_line
from tunegate.application.releases import release_service
from tunegate.application.signing import signed_release
from tunegate.installation import Installation
from tunegate.report.messages.notices import RolledBack


def run(region: str, to: int | None, approver: str, reason: str, key: str | None = None) -> int:
    """Publish the earlier version and print what changes. Raises BadInput when there is none, CommandFailed."""
    installation = Installation.from_environment()
    before = installation.registry.current(region)
    sign = partial(signed_release, installation, key_file=None if key is None else Path(key).expanduser())
    with release_failures(region):
        release = release_service(installation).rollback(region, to, approver, reason, sign)
    ran_before = release.parameters if before is None else before.parameters
    for line in announcement(release, ran_before, installation.publisher.location(release.region)):
        print_line(line)
    notice = RolledBack(release.region, release.version, release.content, release.approver, release.reason, run_url=None)
    notify_people(installation.workspace, notice)
    return EXIT_OK
