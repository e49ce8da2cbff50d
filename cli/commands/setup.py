"""`tunegate setup`: create what deployments need on a Prefect server. Running it again changes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from cli.exit_codes import EXIT_OK
from cli.local_server.server import orchestration, require_configured_server
from cli.terminal import print_line
from tunegate.config.locations import Bucket, files_location
from tunegate.config.workspace import SLACK_VARIABLE, Workspace
from tunegate.domain.errors import BadInput, Fault

WEBHOOK_VARIABLE = "TUNEGATE_SLACK_WEBHOOK_URL"
JOB_TEMPLATES = Path(__file__).parents[2] / "infra" / "work-pools"
_RESULTS = "--results"

Say = Callable[[str], None]


def run(pools: str, results: str | None) -> int:
    """Create or update blocks, work pools and automations, and print what was done. Raises BadInput."""
    if not os.environ.get("PREFECT_API_URL"):
        remedy = "Set it to the address of your server's API; `tunegate up` needs no setup."
        raise BadInput(Fault("a Prefect server must be named", "none", "PREFECT_API_URL", remedy))
    workspace = Workspace.from_environment()
    with orchestration(workspace.prefect_home):
        asyncio.run(set_up(workspace, pools, results, print_line))
    return EXIT_OK


async def set_up(workspace: Workspace, pools: str, results: str | None, say: Say) -> None:
    """Create or update every part, and report each with `say`. Raises BadInput.

    `pools` is their type, `results` a `gs://bucket/prefix` for results of runs. If the environment has the address of a Slack
    webhook, it goes into a block.
    """
    from prefect import get_client  # noqa: PLC0415 - Prefect reads its settings when it is imported

    from cli.provisioning.automation_definitions import wanted_automations  # noqa: PLC0415
    from cli.provisioning.automations import ensure_automation  # noqa: PLC0415
    from cli.provisioning.blocks import SLACK_BLOCK, ensure_result_storage, ensure_slack, slack_block_id  # noqa: PLC0415
    from cli.provisioning.pools import ensure_pool, kubernetes_pools, process_pools  # noqa: PLC0415

    bucket = None if results is None else _bucket(results)
    webhook = _webhook()
    require_configured_server()
    wanted = kubernetes_pools(JOB_TEMPLATES) if pools == "kubernetes" else process_pools(Path.cwd())
    async with get_client() as client:
        for pool in wanted:
            say(await ensure_pool(client, pool))
    name = workspace.slack_block or SLACK_BLOCK
    if webhook is not None:
        say(await ensure_slack(name, webhook))
        if workspace.slack_block is None:
            say(f"  notices go through it where {SLACK_VARIABLE}={name}")
    if bucket is not None:
        say(await ensure_result_storage(bucket))
    slack = await slack_block_id(name)
    async with get_client() as client:
        for automation in wanted_automations(slack):
            say(await ensure_automation(client, automation))


def _webhook() -> str | None:
    """The address of the Slack webhook. It is a secret: not even a value that is no address is shown."""
    url = os.environ.get(WEBHOOK_VARIABLE, "").strip()
    if url and not url.startswith(("https://", "http://")):
        rule, remedy = "the address of a webhook must begin with https://", "Copy it from Slack's page of the app."
        raise BadInput(Fault(rule, "something else", WEBHOOK_VARIABLE, remedy))
    return url or None


def _bucket(address: str) -> Bucket:
    match files_location(_RESULTS, address, Path()):
        case Bucket() as bucket:
            return bucket
        case _:
            raise BadInput(Fault("results must go to a bucket", address, _RESULTS, "Write gs://BUCKET/PREFIX."))
