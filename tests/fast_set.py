"""The fast set: tests that neither start a server nor take long. Which tests are in it is found out, not remembered.

A test that uses a service's fixture is marked `services`. One that starts a server in any other way, and is not marked, fails:
otherwise `make test-fast` would slow down by a second here and a second there.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

SERVICE_FIXTURES = frozenset({"bigquery", "gcs", "mariadb", "platform", "prefect_api", "team"})
MARKS_OUTSIDE = ("services", "slow", "platform")
# Programs that listen, or drive one that does, by the name of their file; a browser is started by playwright's own `node`.
SERVER_PROGRAMS = frozenset({"chromium", "mariadbd", "node", "prefect", "prefect_server.py", "uvicorn"})
SERVER_MODULES = frozenset({"prefect", "cli.local_server.prefect_server", "uvicorn"})

_started: list[str] = []


def pytest_configure() -> None:
    sys.addaudithook(_note_servers)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if SERVICE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("services")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Generator[None, Any, Any]:
    _started.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    outcome = yield
    if _started and not any(item.get_closest_marker(name) for name in MARKS_OUTSIDE):
        pytest.fail(
            "a test of the fast set must start no server, but this one did: "
            f"{'; '.join(_started)}. Mark it `services`, or use what needs no server.",
            pytrace=False,
        )
    return outcome


def _note_servers(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.bind":
        bound, address = arguments
        if bound.family in {socket.AF_INET, socket.AF_INET6}:
            _started.append(f"it took the port {address[1]}")
    elif event == "subprocess.Popen":
        command = arguments[1]
        words = [os.fsdecode(command)] if isinstance(command, str | bytes | os.PathLike) else [*map(os.fsdecode, command)]
        if any(Path(word).name in SERVER_PROGRAMS or word in SERVER_MODULES for word in words):
            _started.append(f"it started {' '.join(words[:4])}")
