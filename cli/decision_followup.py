"""What follows from decisions made at a terminal: people are told, and runs that wait for the same decision end."""

from __future__ import annotations

import asyncio
import os
import sys

from cli.local_server import running_instance
from cli.local_server.server import orchestration
from tunegate import wiring
from tunegate.domain.releases import Decision, Release
from tunegate.report.messages.notices import Notice


def tell_people(notice: Notice) -> None:
    """Send a notice where the installation has a Slack block; what hinders it is said, and changes nothing."""
    block = wiring.workspace().slack_block
    if block is None:
        return
    if not os.environ.get("PREFECT_API_URL"):
        _say(f"nobody was told: the Slack block {block} is on a Prefect server, and PREFECT_API_URL names none")
        return
    with orchestration(wiring.workspace().prefect_home):
        from orchestration.notifications import tell  # noqa: PLC0415 - loads Prefect

        if not asyncio.run(tell(notice)):
            _say(f"nobody was told: the Slack block {block} could not be used")


def end_waiting_runs(decided: Release | Decision, verdict: str) -> None:
    """End the runs that wait for this verdict, where a server is known; what hinders it is said, and changes nothing."""
    home = wiring.workspace().prefect_home
    if not os.environ.get("PREFECT_API_URL") and running_instance.team(home) is None:
        return
    with orchestration(home):
        from httpx import HTTPError  # noqa: PLC0415 - comes with Prefect

        from tasks.release.approval import LetIn, TurnedDown  # noqa: PLC0415 - loads Prefect
        from tasks.release.approval_expiry import end_waiting  # noqa: PLC0415 - loads Prefect

        outcome = LetIn(decided) if isinstance(decided, Release) else TurnedDown(decided)
        try:
            asyncio.run(end_waiting(verdict, outcome, "at a terminal"))
        except HTTPError as error:
            _say(
                f"runs that wait for this verdict were not ended ({type(error).__name__}); answered, they say what was decided"
            )


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
