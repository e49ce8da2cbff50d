"""The steps of prefect.yaml that decide in which image and folder runs start. Prefect calls them by name."""

from __future__ import annotations

import os
import re
from pathlib import Path

from prefect.deployments.steps.pull import set_working_directory

from tunegate.domain.errors import BadInput, Fault

IMAGE_VARIABLE = "TUNEGATE_IMAGE"
_PINNED = re.compile(r"^[^\s@]+(@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]{0,127})$")


def image() -> dict[str, str]:
    """The image of TUNEGATE_IMAGE, by digest or tag; empty when it is unset, as for runs that are processes. Raises BadInput.

    All runs use one image, because results that a campaign compares must come from one build.
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


def this_folder() -> dict[str, str]:
    """The folder that is deployed from, which runs on this machine start in."""
    return {"folder": str(Path.cwd())}


def stay_here(folder: str) -> dict[str, str]:
    """Start a run in the folder that was deployed from; where there is none, as in an image, in the folder of the process."""
    chosen: dict[str, str] = set_working_directory(folder if Path(folder).is_dir() else ".")
    return chosen
