"""Bringing a server up to date with prefect.yaml, and the steps in it that say in which image and folder runs start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from prefect.deployments.steps.pull import set_working_directory

from tunegate.domain.errors import BadInput, Fault

PREFECT_FILE = Path(__file__).parents[1] / "prefect.yaml"

LAST_LINES = 15
IMAGE_VARIABLE = "TUNEGATE_IMAGE"
_PINNED = re.compile(r"^[^\s@]+(@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]{0,127})$")


def image() -> dict[str, str]:
    """The image of TUNEGATE_IMAGE, by digest or tag; nothing where runs are processes and there is none. Raises BadInput.

    One image for all runs: what a campaign compares must come from one build.
    """
    named = os.environ.get(IMAGE_VARIABLE, "").strip()
    if not named:
        return {}
    if not _PINNED.match(named):
        rule = "an image must be named by its digest or by a tag that stays"
        raise BadInput(
            Fault(rule, named, IMAGE_VARIABLE, "Write e.g. REPOSITORY/pipeline:1.4.0 or REPOSITORY/pipeline@sha256:….")
        )
    return {"image": named}


def folder() -> dict[str, str]:
    """The folder that is deployed from: below it runs on this machine look for their configurations."""
    return {"folder": str(Path.cwd())}


def stay_here(folder: str) -> dict[str, str]:
    """Begin a run in the folder that was deployed from or, where there is none, as in an image, where its process begins."""
    chosen: dict[str, str] = set_working_directory(folder if Path(folder).is_dir() else ".")
    return chosen


class NotDeployed(Exception):
    """Prefect did not take the deployments; the message ends with its last words."""


def deploy_all() -> None:
    """Deploy everything in prefect.yaml to the configured server. Raises BadInput when there is no such file, NotDeployed."""
    if not PREFECT_FILE.is_file():
        rule, remedy = "deployments must be in a file", "Run tunegate from a checkout, installed with `make setup`."
        raise BadInput(Fault(rule, "none", str(PREFECT_FILE), remedy))
    ran = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(PREFECT_FILE)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise NotDeployed("\n".join(["`prefect deploy --all` failed:", *ran.stdout.splitlines()[-LAST_LINES:]]))
