"""A throw-away MariaDB server with a data folder, port and socket of its own, up in a second, stopped and started at will.

It has no TLS and no MySQL 8 logins; SQL, locks, isolation and lost connections are as in Cloud SQL for MySQL.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pymysql
import pytest

from tests.services.forwarder import Forwarder, free_port
from tests.services.programs import program
from tunegate.adapters.simulator import process_guard

USER = "tuner"
PASSWORD = "sEcret-of-the-database"  # noqa: S105 of a server on loopback that lives for a test
START_TIMEOUT_S = 60
# Durable over kill -9 of the server, not over a power cut, and small: a test has little data.
_OPTIONS = (
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-doublewrite=0",
    "--innodb-use-native-aio=0",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=64M",
    "--max-connections=400",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    *(("--user=root",) if os.geteuid() == 0 else ()),
)


@dataclass(frozen=True)
class Database:
    """One database of a server, as SQLAlchemy names it."""

    name: str
    port: int
    socket: Path

    @property
    def url(self) -> str:
        """Over TCP."""
        return f"mysql+pymysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{self.name}"

    @property
    def socket_url(self) -> str:
        """Over the unix socket."""
        return f"mysql+pymysql://{USER}:{PASSWORD}@localhost/{self.name}?unix_socket={self.socket}"


class MariaDb:
    """The server, running inside `with`."""

    def __init__(self, folder: Path) -> None:
        self._server = program("mariadbd")
        self._folder = folder
        self._names = (f"tunegate_{number}" for number in itertools.count(1))
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        self.port = free_port()
        self.socket = folder / "server.sock"

    def __enter__(self) -> MariaDb:
        self._install()
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start, also again after `stop`, on the same port and with the data it had; returns when it answers."""
        reading_end, self._lifeline = os.pipe()
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, process_guard.__file__, str(reading_end)),  # However the tests end, it ends with them.
                    *(self._server, "--no-defaults", *_OPTIONS, f"--datadir={self._data}", f"--socket={self.socket}"),
                    *(f"--port={self.port}", "--bind-address=127.0.0.1", f"--pid-file={self._pid_file}"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[reading_end],
                start_new_session=True,
            )
        os.close(reading_end)
        self._wait_until_it_answers(self._process)

    def stop(self, *, kill: bool = False) -> None:
        """Stop in good order, or as a crash does. Stopping what is stopped changes nothing."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.kill(int(self._pid_file.read_text()), signal.SIGKILL if kill else signal.SIGTERM)
        self._process.wait(timeout=START_TIMEOUT_S)
        self._pid_file.unlink(missing_ok=True)
        self._process = None
        os.close(self._lifeline)

    def database(self) -> Database:
        """A new, empty database."""
        made = Database(next(self._names), self.port, self.socket)
        self.execute(f"CREATE DATABASE {made.name}")
        return made

    def execute(self, statement: str) -> tuple[tuple[object, ...], ...]:
        """Run a statement of a test, over a connection of its own."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            connection.commit()
            return tuple(cursor.fetchall())

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _pid_file(self) -> Path:
        return self._folder / "server.pid"

    def _connect(self) -> pymysql.Connection[pymysql.cursors.Cursor]:
        return pymysql.connect(user=USER, password=PASSWORD, unix_socket=str(self.socket), connect_timeout=5)

    def _install(self) -> None:
        """Create the system tables: the package's own installer needs programs of a larger package."""
        self._data.mkdir(parents=True)
        share = Path("/usr/share/mysql")
        tables = "\n".join((share / name).read_text() for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql"))
        script = f"""CREATE DATABASE mysql;
USE mysql;
{tables}
FLUSH PRIVILEGES;
CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION;
"""
        installed = subprocess.run(
            [self._server, "--no-defaults", "--bootstrap", *_OPTIONS, f"--datadir={self._data}"],
            input=script.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=START_TIMEOUT_S,
            check=False,
        )
        assert installed.returncode == 0, installed.stdout.decode()[-2000:]

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self._connect().close()
            except pymysql.err.OperationalError:
                log = (self._folder / "server.log").read_text()[-2000:]
                assert process.poll() is None, log
                assert time.monotonic() < deadline, log
                time.sleep(0.02)
            else:
                return


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """One server for all tests of this process. A test that stops it starts it again."""
    # Not in pytest's own folders: a socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="mariadb-"))
    try:
        with MariaDb(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def mariadb_database(mariadb: MariaDb) -> Database:
    """A new, empty database on the server that the tests share."""
    return mariadb.database()


@pytest.fixture
def proxy(mariadb: MariaDb) -> Iterator[Forwarder]:
    """What stands between a pod and the database; an outage of it is seen by one test only."""
    folder = Path(tempfile.mkdtemp(prefix="proxy-"))
    with Forwarder(mariadb.port, folder / "proxy.sock") as forwarder:
        yield forwarder
    shutil.rmtree(folder)


@pytest.fixture
def proxied_database(mariadb_database: Database, proxy: Forwarder) -> Database:
    """A new, empty database seen through `proxy`."""
    return Database(mariadb_database.name, proxy.port, proxy.socket_path)
