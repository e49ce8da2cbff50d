"""What commands tell people: the notices that the flows send, of decisions made at a terminal."""

from __future__ import annotations

import asyncio
import os
import sys

from flows.server import orchestration
from tunegate import wiring
from tunegate.report.notices import Notice


def tell_people(notice: Notice) -> None:
    """Send a notice where the installation has a Slack block; what hinders it is said, and changes nothing."""
    block = wiring.workspace().slack_block
    if block is None:
        return
    if not os.environ.get("PREFECT_API_URL"):
        _say(f"nobody was told: the Slack block {block} is on a Prefect server, and PREFECT_API_URL names none")
        return
    with orchestration(wiring.workspace().prefect_home):
        from tasks.notices import tell  # noqa: PLC0415 - loads Prefect

        if not asyncio.run(tell(notice)):
            _say(f"nobody was told: the Slack block {block} could not be used")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
