"""The Prefect server that orchestrates: the configured one, that of `tunegate up`, or one of our own beside the command.

A team sets PREFECT_API_URL and this module stands aside. On one machine a server of our own runs beside the command, on the
database in the workspace, so that every run can be looked at later. Prefect's own ephemeral mode is not used: it gives up after
20 s on a busy machine (docs/adr/0003-embedded-server.md).
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cli.local_server import child_processes, running_instance
from cli.local_server.child_processes import Child
from tunegate.config.workspace import REPORTS_WEB_VARIABLE

HOST = "127.0.0.1"
START_TIMEOUT_S = 180.0

# A campaign on its own needs none of these, and each takes time of the database: no schedules, no workers, nobody who looks on.
# Flow runs, states, logs and artifacts are the API's own work and all there; only the feed of events and the list of task runs
# stay empty.
_SERVICES_NOT_NEEDED = (
    "TASK_RUN_RECORDER",
    "EVENT_PERSISTER",
    "EVENT_LOGGER",
    "TRIGGERS",
    "FOREMAN",
    "LATE_RUNS",
    "SCHEDULER",
    "PAUSE_EXPIRATIONS",
    "CANCELLATION_CLEANUP",
    "REPOSSESSOR",
    "CLEANUP_RECONCILER",
)
# To register their blocks Prefect would import every integration that is installed: four seconds.
ON_ITS_OWN: Mapping[str, str] = {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    **{f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in _SERVICES_NOT_NEEDED},
}


class ServerDidNotStart(Exception):
    """The server, or a process that belongs to it, died or stayed silent; the message ends with its last words."""


@contextmanager
def orchestration(home: Path, meanwhile: Callable[[], object] = lambda: None) -> Iterator[str]:
    """Have a Prefect API inside `with`; `home` is the folder of Prefect in the workspace. Yields the API's address.

    Must be entered before `prefect` is imported, because Prefect reads its settings then: what is slow to import may be
    imported by `meanwhile`, which is called while a server of our own starts. Raises ServerDidNotStart.
    """
    _keep_logs_off_the_console()
    configured, running = os.environ.get("PREFECT_API_URL"), running_instance.team(home)
    if configured:
        yield configured
        return
    if running is not None:
        os.environ.update(PREFECT_API_URL=running.api, PREFECT_UI_URL=running.ui, **{REPORTS_WEB_VARIABLE: running.pages})
        yield running.api
        return
    use_home(home)
    port = free_port()
    os.environ["PREFECT_API_URL"] = api_on(port)
    try:
        server = start_server(home, port, ON_ITS_OWN, meanwhile)
        try:
            yield api_on(port)
        finally:
            child_processes.stop(server)
            server.log.unlink(missing_ok=True)
    finally:
        del os.environ["PREFECT_API_URL"]


def start_server(home: Path, port: int, settings: Mapping[str, str], meanwhile: Callable[[], object] = lambda: None) -> Child:
    """A server on the database in `home` that answers; `settings` are Prefect's. Raises ServerDidNotStart.

    `meanwhile` is called while it starts.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}", **settings}
    arguments = ("-m", "cli.local_server.prefect_server", "server", "start", "--host", HOST, "--port", str(port))
    with _one_at_a_time(home / "start.lock"):
        server = child_processes.start("the Prefect server", arguments, home / f"server-{port}.log", environment)
        try:
            meanwhile()
            wait_until_it_answers(server, f"{api_on(port)}/health")
        except BaseException:
            child_processes.stop(server)
            raise
    return server


def api_on(port: int) -> str:
    """The address of the API of a server on this machine."""
    return f"http://{HOST}:{port}/api"


def use_home(home: Path) -> None:
    """Have Prefect, in this process and in those it starts, keep what it keeps in this folder, and tell nobody of it."""
    os.environ.update(PREFECT_HOME=str(home), PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(child: Child, url: str) -> None:
    """Return once a GET of `url` succeeds. Raises ServerDidNotStart."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if child.has_ended:
            raise ServerDidNotStart(child.last_words(f"{child.name} ended with code {child.process.returncode}"))
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - an address we made ourselves
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise ServerDidNotStart(child.last_words(f"{child.name} did not answer within {START_TIMEOUT_S:g} s"))


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Two servers that start on a new database at once would both migrate it, and one of them would fail."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep_logs_off_the_console() -> None:
    """Send Prefect's logs to its server only, unless somebody chose otherwise: they would tear up the live display."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
