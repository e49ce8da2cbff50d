"""`tunegate monitor`: one run of the monitor of a region's experiment."""

from __future__ import annotations

from cli.commands.experiment_show import print_experiment
from cli.decision_followup import notify_people
from cli.exit_codes import EXIT_OK
from cli.release_failures import release_failures
from cli.set_clock import installation_at
from cli.terminal import print_line
from tunegate.application.experiments import watch, write_page
from tunegate.report.messages.experiment_words import notice_of, outcome_words


def run(region: str, now: str | None) -> int:
    """Take the look that is due and carry out its decision, as the scheduled monitor does. Raises CommandFailed."""
    installation = installation_at(now)
    with release_failures(region):
        watched = watch(installation, region)
    if watched is None:
        print_line(f"{region} tries no candidate on the street")
        return EXIT_OK
    print_line(outcome_words(watched.state, watched.written))
    print_experiment(watched.state, installation.clock.now())
    print_line(f"Page  {write_page(installation, watched.state)}")
    for event in watched.written:
        notice = notice_of(watched.state, event, run_url=None)
        if notice is not None:
            notify_people(installation.workspace, notice)
    return EXIT_OK
