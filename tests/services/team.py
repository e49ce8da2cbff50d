"""`tunegate up` as people start it: a process of its own, on ports and in a home of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from cli.local_server.access import Access
from cli.local_server.home_secret import home_secret
from cli.local_server.running_instance import InstanceAddresses, running_instance
from cli.local_server.server import HOST
from cli.local_server.sign_in import sign_in_link

START_TIMEOUT_S = 420
STOP_TIMEOUT_S = 60
READY = "Ctrl-C stops all of it"


@dataclass(frozen=True)
class RunningTeam:
    """Where it runs, and the process that holds all of it together. Region files are looked for in `folder`."""

    folder: Path
    home: Path
    addresses: InstanceAddresses
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """That of a terminal beside it."""
        return {**os.environ, "TUNEGATE_HOME": str(self.home)}

    @property
    def access(self) -> Access:
        """The rules of its servers."""
        return Access(home_secret(self.home / "prefect"))

    def sign_in(self, page: Page) -> None:
        """Do what a person does first: follow the link."""
        page.goto(sign_in_link(self.home / "prefect", self.addresses.ui))
        page.wait_for_url("**/deployments")

    def api(self, path: str, body: object = None, method: str | None = None) -> Any:
        """The answer of the Prefect API to a GET, or to a POST of this body."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": self.access.authorization}
        request = urllib.request.Request(f"{self.addresses.api}/{path}", data, headers, method=method)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - ours
            answered = answer.read()
        return json.loads(answered) if answered else None


@contextmanager
def tunegate_up(folder: Path, *options: str, **environment: str) -> Iterator[RunningTeam]:
    """Everything is up inside `with`, started in `folder`; at its end Ctrl-C must stop it, in order and with code 0."""
    home, log = folder / "home", folder / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up", "--port", str(_three_free_ports()), *options],
            cwd=folder,
            env={**os.environ, "TUNEGATE_HOME": str(home), "TUNEGATE_CONFIGS": str(folder), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        addresses = _when_ready(process, home, log)
        yield RunningTeam(folder, home, addresses, process, log)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(STOP_TIMEOUT_S)
    assert code == 0, log.read_text()


def _when_ready(process: subprocess.Popen[bytes], home: Path, log: Path) -> InstanceAddresses:
    deadline = time.monotonic() + START_TIMEOUT_S
    while READY not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    there = running_instance(home / "prefect")
    assert there is not None
    return there


def _three_free_ports() -> int:
    """The first of three in a row that nobody listens on."""
    while True:
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            first.bind((HOST, 0))
            port = int(first.getsockname()[1])
            try:
                second.bind((HOST, port + 1))
                third.bind((HOST, port + 2))
            except (OSError, OverflowError):
                continue
            return port
