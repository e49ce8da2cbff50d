"""`tunegate setup`: what a Prefect server must hold before anything is deployed to it. Running it twice changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tunegate import wiring
from tunegate.config.locations import Bucket, files_place
from tunegate.config.workspace import SLACK_VARIABLE
from tunegate.domain.errors import BadInput, Fault

EXIT_OK = 0
WEBHOOK_VARIABLE = "TUNEGATE_SLACK_WEBHOOK_URL"
JOB_TEMPLATES = Path(__file__).parents[2] / "infra" / "work-pools"
_RESULTS = "--results"

Say = Callable[[str], None]


def setup(arguments: argparse.Namespace) -> int:
    """Make blocks, work pools and automations on the configured server, and print what was done."""
    if not os.environ.get("PREFECT_API_URL"):
        remedy = "Set it to the address of your server's API; `tunegate up` needs no setup."
        raise BadInput(Fault("a Prefect server must be named", "none", "PREFECT_API_URL", remedy))
    asyncio.run(set_up(arguments.pools, arguments.results, _print))
    return EXIT_OK


async def set_up(pools: str, results: str | None, say: Say) -> None:
    """Bring the server up to date, part by part, each told of as it is done. Raises BadInput.

    `pools` is their type, `results` a `gs://bucket/prefix` for results of runs. Where the environment has the address of a
    Slack webhook, it is kept in a block.
    """
    from prefect import get_client  # noqa: PLC0415 - Prefect reads its settings when it is imported

    from cli.provisioning.automation_rules import wanted_automations  # noqa: PLC0415
    from cli.provisioning.automations import ensure_automation  # noqa: PLC0415
    from cli.provisioning.blocks import SLACK_BLOCK, ensure_result_storage, ensure_slack, slack_block_id  # noqa: PLC0415
    from cli.provisioning.pools import ensure_pool, kubernetes_pools, process_pools  # noqa: PLC0415

    bucket = None if results is None else _bucket(results)
    webhook = _webhook()
    wanted = kubernetes_pools(JOB_TEMPLATES) if pools == "kubernetes" else process_pools(Path.cwd())
    async with get_client() as client:
        for pool in wanted:
            say(await ensure_pool(client, pool))
    name = wiring.workspace().slack_block or SLACK_BLOCK
    if webhook is not None:
        say(await ensure_slack(name, webhook))
        if wiring.workspace().slack_block is None:
            say(f"  notices go through it where {SLACK_VARIABLE}={name}")
    if bucket is not None:
        say(await ensure_result_storage(bucket))
    slack = await slack_block_id(name)
    async with get_client() as client:
        for automation in wanted_automations(slack):
            say(await ensure_automation(client, automation))


def _webhook() -> str | None:
    """The address of the Slack webhook, which is its password: it is never shown, not even when it is none."""
    url = os.environ.get(WEBHOOK_VARIABLE, "").strip()
    if url and not url.startswith(("https://", "http://")):
        rule, remedy = "the address of a webhook must begin with https://", "Copy it from Slack's page of the app."
        raise BadInput(Fault(rule, "something else", WEBHOOK_VARIABLE, remedy))
    return url or None


def _bucket(address: str) -> Bucket:
    match files_place(_RESULTS, address, Path()):
        case Bucket() as bucket:
            return bucket
        case _:
            raise BadInput(Fault("results must go to a bucket", address, _RESULTS, "Write gs://BUCKET/PREFIX."))


def add_to(commands: Any) -> None:
    """Add the command to the subparsers of the command line (argparse gives their class no public name)."""
    command = commands.add_parser("setup", help="make blocks, work pools and automations on a team's Prefect server")
    command.add_argument(
        "--pools", choices=("kubernetes", "process"), default="kubernetes", help="how runs are started (default: %(default)s)"
    )
    command.add_argument(_RESULTS, metavar="gs://BUCKET/PREFIX", help="keep results of runs there")
    command.set_defaults(run=setup)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
