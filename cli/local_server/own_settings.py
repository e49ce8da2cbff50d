"""Prefect with our settings only: nothing of the folder we work in, of a profile or of the environment gets into them.

When it is imported, Prefect reads `prefect.toml`, `pyproject.toml` and `.env` of the working folder, and a profile below its
home. A server of ours and its clients import it in the home instead, with PREFECT_HOME set to it.

`python -m cli.local_server.own_settings MODULE ARGUMENT…` runs a module of Prefect or of ours that way, in a private process.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from cli.local_server.access import LOOPBACK
from cli.local_server.home_secret import home_secret
from tunegate.adapters.local.private_process import hide_this_process

PREFIX = "PREFECT_"
# Prefect's logs go to its server only: they would break the live display of a command.
QUIET = {"PREFECT_LOGGING_LEVEL": "WARNING", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}


def client_settings(home: Path, api: str) -> dict[str, str]:
    """What Prefect's clients need to use a server of this home: its address and secret, and no proxy in between."""
    there = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(",")
    direct = ",".join([*filter(None, there), *sorted(LOOPBACK.difference(there))])
    return {
        "PREFECT_API_URL": api,
        "PREFECT_API_AUTH_STRING": home_secret(home),
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


@contextlib.contextmanager
def own_settings(settings: Mapping[str, str]) -> Iterator[None]:
    """The environment has these settings inside `with`, and no other of Prefect; afterwards it is as it was."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in [name for name in os.environ if name not in before]:
            del os.environ[name]
        os.environ.update(before)


def import_prefect(home: Path) -> None:
    """Import Prefect with the settings of the environment alone; `home` is the folder of PREFECT_HOME."""
    with contextlib.chdir(home):
        import_module("prefect")
        import_module("prefect.context")  # where Prefect keeps the settings that it has read


def main(words: list[str]) -> None:
    """Run a module in this process, which is private from then on."""
    hide_this_process()
    import_prefect(Path(os.environ["PREFECT_HOME"]))
    sys.argv[:] = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
