"""`tunegate experiment stop` and `conclude`: a person ends an experiment."""

from __future__ import annotations

from collections.abc import Callable

from cli.decision_followup import notify_people
from cli.exit_codes import EXIT_OK
from cli.release_failures import release_failures
from cli.release_text import announcement
from cli.set_clock import installation_at
from cli.terminal import print_line
from tunegate.application.experiments import conclude_experiment, find_experiment, stop_experiment
from tunegate.domain.releases import Release
from tunegate.installation import Installation
from tunegate.report.messages.experiment_words import notice_of


def stop(region: str, approver: str, reason: str, now: str | None) -> int:
    """Restore what ran before the experiment. Raises BadInput when none is running, CommandFailed."""
    return _end(stop_experiment, region, approver, reason, now)


def conclude(region: str, approver: str, reason: str, now: str | None) -> int:
    """Have the whole region run the candidate. Raises BadInput when none is running or approver may not, CommandFailed."""
    return _end(conclude_experiment, region, approver, reason, now)


def _end(
    end: Callable[[Installation, str, str, str], Release], region: str, approver: str, reason: str, now: str | None
) -> int:
    installation = installation_at(now)
    ran_before = installation.registry.current(region)
    with release_failures(region):
        release = end(installation, region, approver, reason)
    before = release.parameters if ran_before is None else ran_before.parameters
    for line in announcement(release, before, installation.publisher.location(region)):
        print_line(line)
    state = find_experiment(installation, region)
    notice = None if state.end_event is None else notice_of(state, state.end_event, run_url=None)
    if notice is not None:
        notify_people(installation.workspace, notice)
    return EXIT_OK
