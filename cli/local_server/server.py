"""The Prefect server of a command: the configured one, that of a running `tunegate up`, or one started for the command.

With PREFECT_API_URL set, nothing is started. Our own servers answer only those who know the secret of the home
(docs/adr/0018-one-guard-for-every-server.md). Otherwise a server runs for the length of the command, on the database in the
workspace, so that every run can be looked at later. Prefect's own ephemeral mode is not used: it gives up after 20 s on a busy
machine (docs/adr/0003-embedded-server.md).
"""

from __future__ import annotations

import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cli.exit_codes import CommandFailed
from cli.local_server import child_processes
from cli.local_server.access import LOOPBACK
from cli.local_server.child_processes import ChildProcess
from cli.local_server.database_template import copy_template, database_url
from cli.local_server.home_secret import home_secret
from cli.local_server.running_instance import running_instance
from tunegate.adapters.local import private_process
from tunegate.adapters.local.file_lock import FileLock
from tunegate.config.workspace import REPORTS_WEB_VARIABLE

HOST = "127.0.0.1"
START_TIMEOUT_S = 180.0
CLIENT_SETTINGS = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "NO_PROXY", "no_proxy")

# A single campaign needs none of these services, and each takes time of the database. Flow runs, states, logs and artifacts are
# written by the API itself; only the feed of events and the list of task runs stay empty.
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
# Registering blocks imports every integration that is installed, which takes four seconds.
FOR_ONE_COMMAND: Mapping[str, str] = {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    **{f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in _SERVICES_NOT_NEEDED},
}


class ServerDidNotStart(CommandFailed):
    """The server, or a process beside it, ended or did not answer in time; the message has the end of its log."""


@contextmanager
def orchestration(home: Path, meanwhile: Callable[[], object] = lambda: None) -> Iterator[str]:
    """Provide a Prefect API inside `with` and yield its address; `home` is the folder of Prefect in the workspace.

    Must be entered before `prefect` is imported, because Prefect reads its settings then. `meanwhile` is called while a server
    starts: slow imports belong there. Raises ServerDidNotStart.
    """
    _keep_logs_off_the_console()
    configured, running = os.environ.get("PREFECT_API_URL"), running_instance(home)
    if running is not None and configured in {None, "", running.api}:
        os.environ.update(client_settings(home, running.api))
        os.environ.update({"PREFECT_UI_URL": running.ui, REPORTS_WEB_VARIABLE: running.pages})
        yield running.api
        return
    if configured:
        yield configured
        return
    use_home(home)
    port = free_port()
    os.environ.update(client_settings(home, api_on(port)))
    try:
        server = start_server(home, port, FOR_ONE_COMMAND, meanwhile)
        try:
            yield api_on(port)
        finally:
            child_processes.stop(server)
            server.log.unlink(missing_ok=True)
    finally:
        for name in CLIENT_SETTINGS:
            del os.environ[name]


def start_server(
    home: Path, port: int, settings: Mapping[str, str], meanwhile: Callable[[], object] = lambda: None
) -> ChildProcess:
    """Start a server on the database in `home` and wait until it answers; `settings` are Prefect's. Raises ServerDidNotStart.

    `meanwhile` is called while it starts.
    """
    database = home / "prefect.db"
    environment = {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url(database),
        "PREFECT_SERVER_API_AUTH_STRING": home_secret(home),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port}",
        **settings,
    }
    arguments = ("-m", private_process.__name__, "cli.local_server.prefect_server", "--port", str(port), "--tickets", str(home))
    # Two servers that start on a new database at the same time would both migrate it, and one of them would fail.
    with FileLock(home / "start.lock").acquire():
        copy_template(database)
        server = child_processes.start("the Prefect server", arguments, home / f"server-{port}.log", environment)
        try:
            meanwhile()
            wait_until_it_answers(server, f"{api_on(port)}/health")
        except BaseException:
            child_processes.stop(server)
            raise
    return server


def client_settings(home: Path, api: str) -> Mapping[str, str]:
    """What Prefect's clients need to use a server of this home: its address, its secret, and no proxy in between."""
    there = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    direct = ",".join([*filter(None, there.split(",")), *(name for name in LOOPBACK if name not in there.split(","))])
    return dict(zip(CLIENT_SETTINGS, (api, home_secret(home), direct, direct), strict=True))


def api_on(port: int) -> str:
    """The address of the API of a server on this machine."""
    return f"http://{HOST}:{port}/api"


def use_home(home: Path) -> None:
    """Set PREFECT_HOME and disable telemetry, for this process and those that it starts."""
    os.environ.update(PREFECT_HOME=str(home), PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1")


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(child: ChildProcess, url: str, headers: Mapping[str, str] | None = None) -> None:
    """Return once a GET of `url` succeeds. Raises ServerDidNotStart."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - an address of this machine
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if child.has_ended:
            raise ServerDidNotStart(child.with_log_tail(f"{child.name} ended with code {child.process.returncode}"))
        try:
            with direct.open(request, timeout=2):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise ServerDidNotStart(child.with_log_tail(f"{child.name} did not answer within {START_TIMEOUT_S:g} s"))


def _keep_logs_off_the_console() -> None:
    """Send Prefect's logs to its server only, unless the environment says otherwise: they would break the live display."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
