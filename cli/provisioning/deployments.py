"""The deployments of prefect.yaml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cli.exit_codes import CommandFailed
from cli.local_server import own_settings
from tunegate.domain.errors import BadInput, Fault

PREFECT_FILE = Path(__file__).parents[2] / "prefect.yaml"
LAST_LINES = 15


class NotDeployed(CommandFailed):
    """`prefect deploy` failed; the message ends with its output."""


def deploy_all() -> None:
    """Deploy everything in prefect.yaml to the configured server. Raises BadInput when there is no such file, NotDeployed."""
    if not PREFECT_FILE.is_file():
        rule, remedy = "deployments must be in a file", "Run tunegate from a checkout, installed with `make setup`."
        raise BadInput(Fault(rule, "none", str(PREFECT_FILE), remedy))
    ran = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            own_settings.__name__,
            "prefect",
            "--no-prompt",
            "deploy",
            "--all",
            "--prefect-file",
            str(PREFECT_FILE),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise NotDeployed("\n".join(["`prefect deploy --all` failed:", *ran.stdout.splitlines()[-LAST_LINES:]]))
