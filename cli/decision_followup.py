"""After a decision at a terminal: notify people, and end the runs that wait for the same decision."""

from __future__ import annotations

import asyncio
import os

from cli.local_server.running_instance import running_instance
from cli.local_server.server import orchestration
from cli.terminal import print_note
from tunegate.application.releases import Approved, Declined
from tunegate.config.workspace import Workspace
from tunegate.domain.releases import Decision, Release
from tunegate.report.messages.notices import Notice


def notify_people(workspace: Workspace, notice: Notice) -> None:
    """Send a notice where the installation has a Slack block. A failure is reported and has no other effect."""
    block = workspace.slack_block
    if block is None:
        return
    if not os.environ.get("PREFECT_API_URL"):
        print_note(f"nobody was notified: the Slack block {block} is on a Prefect server, and PREFECT_API_URL names none")
        return
    with orchestration(workspace.prefect_home):
        from orchestration.notifications import send  # noqa: PLC0415 - loads Prefect

        if not asyncio.run(send(notice)):
            print_note(f"nobody was notified: the Slack block {block} could not be used")


def end_waiting_runs(workspace: Workspace, decided: Release | Decision, verdict: str) -> None:
    """End the runs that wait for this verdict, where a server is known. A failure is reported and has no other effect."""
    home = workspace.prefect_home
    if not os.environ.get("PREFECT_API_URL") and running_instance(home) is None:
        return
    with orchestration(home):
        from httpx import HTTPError  # noqa: PLC0415 - comes with Prefect

        from orchestration.waiting_runs import cancel_waiting_runs  # noqa: PLC0415 - loads Prefect

        outcome = Approved(decided) if isinstance(decided, Release) else Declined(decided)
        try:
            asyncio.run(cancel_waiting_runs(verdict, outcome, "at a terminal"))
        except HTTPError as error:
            print_note(f"runs waiting for this verdict were not ended ({type(error).__name__}); once answered, they report it")
