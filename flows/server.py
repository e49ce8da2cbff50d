"""The embedded Prefect server: what orchestrates when no server is configured.

A team sets PREFECT_API_URL and this module stands aside. On one machine a server of our own runs beside the command, on the
database in the workspace, so that every run can be looked at later. Prefect's own ephemeral mode is not used: it gives up after
20 s on a busy machine (docs/adr/0003-embedded-server.md).
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunegate.adapters import process_guard

START_TIMEOUT_S = 180.0
STOP_GRACE_S = 10.0

# On SQLite each of these writes behind the API's back; the API then answers 503 and its client sleeps 2 s, on about every
# second run of a flow with a task (measured: 1.7 s per trial with them, 0.12 s without). Flow runs, states, logs and artifacts
# are the API's own work and all there; only the feed of events and the list of task runs stay empty.
_CONTENDING_SERVICES = (
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


class ServerDidNotStart(Exception):
    """The embedded server died or stayed silent; the message ends with its last words."""


@contextmanager
def orchestration(prefect_home: Path) -> Iterator[str]:
    """Have a Prefect API inside `with`: the configured one, or an embedded server; yields its address.

    Must be entered before `prefect` is imported, because Prefect reads its settings then. Raises ServerDidNotStart.
    """
    _keep_logs_off_the_console()
    configured = os.environ.get("PREFECT_API_URL")
    if configured:
        yield configured
        return
    prefect_home.mkdir(parents=True, exist_ok=True)
    os.environ.update(PREFECT_HOME=str(prefect_home), PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1")
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    log = prefect_home / f"server-{port}.log"
    lifeline, lifeline_of_ours = os.pipe()
    with _one_at_a_time(prefect_home / "start.lock"):
        server = _start(lifeline, port, prefect_home, log)
        try:
            _wait_until_healthy(server, url, log)
        except BaseException:
            _stop(server)
            raise
    os.environ["PREFECT_API_URL"] = url
    try:
        yield url
    finally:
        del os.environ["PREFECT_API_URL"]
        _stop(server)
        os.close(lifeline_of_ours)
        log.unlink(missing_ok=True)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Two servers that start on a new database at once would both migrate it, and one of them would fail."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(lifeline: int, port: int, prefect_home: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        server = subprocess.Popen(
            _guarded(lifeline, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)),
            env={**os.environ, **_server_environment(prefect_home)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lifeline,),
            start_new_session=True,
        )
    os.close(lifeline)
    return server


def _guarded(lifeline: int, *python_arguments: str) -> list[str]:
    """The command line of a Python process that dies with this one, kill -9 included."""
    return [sys.executable, process_guard.__file__, str(lifeline), sys.executable, *python_arguments]


def _keep_logs_off_the_console() -> None:
    """Send Prefect's logs to its server only, unless somebody chose otherwise: they would tear up the live display."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def _server_environment(prefect_home: Path) -> dict[str, str]:
    services_off = {f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in _CONTENDING_SERVICES}
    return {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{prefect_home / 'prefect.db'}",
        "PREFECT_SERVER_UI_ENABLED": "false",
        **services_off,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ServerDidNotStart(_last_words(f"the Prefect server ended with code {server.returncode}", log))
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310 - an address we made ourselves
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise ServerDidNotStart(_last_words(f"the Prefect server did not answer within {START_TIMEOUT_S:g} s", log))


def _last_words(what: str, log: Path) -> str:
    tail = log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join([what + "; the end of its log:", *tail])


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the whole process group; the database is consistent at any moment, so patience has a limit."""
    deadline = time.monotonic() + STOP_GRACE_S
    _signal_group(server, signal.SIGTERM)
    server.wait()
    while _signal_group(server, 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    # Where nobody reaps orphans (a container without an init), the group stays there as a zombie: it is not waited for.
    _signal_group(server, signal.SIGKILL)


def _signal_group(server: subprocess.Popen[bytes], number: int) -> bool:
    """Whether any process of the server's group was there to be signalled."""
    try:
        os.killpg(server.pid, number)
    except ProcessLookupError:
        return False
    return True
