"""`tunegate retune` on one machine: an embedded server, a live display, and the verdict at the end."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from flows.server import orchestration
from tunegate import wiring
from tunegate.config.loading import load_region
from tunegate.config.plan import CampaignPlan
from tunegate.domain.errors import FailureBudgetSpent, SimulationFailed

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def run_retune(config: str, overrides: tuple[str, ...], *, resume: bool, as_json: bool) -> int:
    """Run one campaign to its verdict; returns the exit code. Raises BadInput before anything is begun."""
    region = load_region(config, overrides)
    with wiring.exclusive_region(region.region):
        if resume:
            plan = wiring.rejoin_campaign(wiring.unfinished_campaign(region.region, region.digest))
        else:
            plan = asyncio.run(wiring.begin_campaign(config, overrides, wiring.clock().now()))
        with orchestration(wiring.workspace().prefect_home):
            return _run_campaign(config, overrides, plan, as_json=as_json)


async def _to_its_end(config: str, overrides: tuple[str, ...], campaign: str) -> dict[str, Any]:
    """The outcome of a `retune` run, whose last log lines have reached the server."""
    from prefect.logging.handlers import APILogHandler  # noqa: PLC0415 - as below

    from flows.retune import retune  # noqa: PLC0415 - Prefect reads its settings when it is imported

    try:
        return await retune(config, list(overrides), campaign)
    finally:
        await APILogHandler.aflush()


def _run_campaign(config: str, overrides: tuple[str, ...], plan: CampaignPlan, *, as_json: bool) -> int:
    try:
        outcome = asyncio.run(_to_its_end(config, overrides, plan.campaign))
    except KeyboardInterrupt:
        _say(f"interrupted; nothing done is lost: tunegate retune {config} --resume goes on from here")
        return EXIT_INTERRUPTED
    except (FailureBudgetSpent, SimulationFailed) as error:
        _say(f"campaign {plan.campaign} ended: {error}")
        return EXIT_FAILED
    if as_json:
        sys.stdout.write(json.dumps(outcome) + "\n")
    return EXIT_OK


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
