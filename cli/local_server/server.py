"""The Prefect server of a command: the configured one, that of a running `tunegate up`, or one started for the command.

With PREFECT_API_URL set, nothing is started. Our own servers answer only those who know the secret of the home
(docs/adr/0018-one-guard-for-every-server.md). Otherwise a server runs for the length of the command, on the database in the
workspace, so that every run can be looked at later. Prefect's own ephemeral mode is not used: it gives up after 20 s on a busy
machine (docs/adr/0003-embedded-server.md).
"""

from __future__ import annotations

import http.client
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
from cli.local_server import own_settings as own
from cli.local_server.access import Access
from cli.local_server.child_processes import ChildProcess
from cli.local_server.database_template import copy_template, database_url
from cli.local_server.home_secret import home_secret
from cli.local_server.own_settings import QUIET, client_settings, import_prefect, own_settings
from cli.local_server.running_instance import running_instance
from tunegate.adapters.local.file_lock import FileLock
from tunegate.config.workspace import REPORTS_WEB_VARIABLE
from tunegate.domain.errors import BadInput, Fault

HOST = "127.0.0.1"
START_TIMEOUT_S = 180.0
ANSWER_TIMEOUT_S = 10.0

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
    configured, running = os.environ.get("PREFECT_API_URL"), running_instance(home)
    if running is not None and configured in {None, "", running.api}:
        addresses = {"PREFECT_UI_URL": running.ui, REPORTS_WEB_VARIABLE: running.pages}
        with own_settings({**client_settings(home, running.api), **QUIET, **addresses}):
            import_prefect(home)
            yield running.api
    elif configured:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        yield configured
    else:
        port = free_port()
        with own_settings({**client_settings(home, api_on(port)), **QUIET}):
            server = start_server(home, port, FOR_ONE_COMMAND, meanwhile)
            try:
                yield api_on(port)
            finally:
                child_processes.stop(server)
                server.log.unlink(missing_ok=True)


def require_configured_server() -> None:
    """Ask the server that PREFECT_API_URL names, if it names one, whether it is there and lets us in. Raises BadInput."""
    api = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    if not api:
        return
    secret = os.environ.get("PREFECT_API_AUTH_STRING")
    headers = {"Content-Type": "application/json", **({"Authorization": Access(secret).authorization} if secret else {})}
    remedy = "Correct it or start that server; without PREFECT_API_URL one is started for the command."
    try:
        if not api.lower().startswith(("http://", "https://")):
            raise ValueError("not http:// or https://")
        request = urllib.request.Request(f"{api}/flows/count", b"{}", headers)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:  # noqa: S310 - as above
            found = None if answer.read(20).strip().isdigit() else "another answer than Prefect's"
    except urllib.error.HTTPError as error:
        found = f"HTTP {error.code}"
        if error.code in {401, 403}:
            remedy = "Set PREFECT_API_AUTH_STRING, or PREFECT_API_KEY, to what that server wants."
            found = "no permission" if not os.environ.get("PREFECT_API_KEY") else None
    except (urllib.error.URLError, OSError, ValueError, http.client.HTTPException) as error:
        found = f"no answer ({getattr(error, 'reason', None) or error})"
    if found is not None:
        rule = "a Prefect server must answer at this address"
        raise BadInput(Fault(rule, found, "PREFECT_API_URL", remedy))


def start_server(
    home: Path, port: int, settings: Mapping[str, str], meanwhile: Callable[[], object] = lambda: None
) -> ChildProcess:
    """Start a server on the database in `home` and wait until it answers; `settings` are Prefect's. Raises ServerDidNotStart.

    `meanwhile` is called while it starts, once Prefect is imported. To be called with the settings of `own_settings`.
    """
    database = home / "prefect.db"
    environment = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url(database),
        "PREFECT_SERVER_API_AUTH_STRING": home_secret(home),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port}",
        **settings,
    }
    arguments = ("-m", own.__name__, "cli.local_server.prefect_server", "--port", str(port), "--tickets", str(home))
    # Two servers that start on a new database at the same time would both migrate it, and one of them would fail.
    with FileLock(home / "start.lock").acquire():
        copy_template(database)
        server = child_processes.start("the Prefect server", arguments, home / f"server-{port}.log", environment)
        try:
            import_prefect(home)
            meanwhile()
            wait_until_it_answers(server, f"{api_on(port)}/health")
        except BaseException:
            child_processes.stop(server)
            raise
    return server


def api_on(port: int) -> str:
    """The address of the API of a server on this machine."""
    return f"http://{HOST}:{port}/api"


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
