"""A database opens once for many processes, refuses what it should not touch, and its SQL is MySQL's, too."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from tests.services.mariadb import PASSWORD
from tunegate.adapters.sql.database import absent_rows_insert, open_database
from tunegate.adapters.sql.engines import engine_of
from tunegate.adapters.sql.tables import SCHEMA_VERSION, ledger, metadata
from tunegate.domain.errors import BadInput


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "home" / "results.sqlite"


def test_opening_makes_the_folder_the_tables_and_their_version(path):
    engine = open_database(f"sqlite:///{path}")
    with engine.connect() as connection:
        names = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
        assert connection.execute(text("SELECT version FROM schema_version")).scalars().all() == [SCHEMA_VERSION]
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() >= 10_000
    assert names == {table.name for table in metadata.sorted_tables}
    engine.dispose()


def test_a_reader_finds_an_empty_database_where_there_is_none_and_creates_nothing(path):
    engine = open_database(f"sqlite:///{path}", create=False)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM releases")).scalar_one() == 0
    engine.dispose()
    assert not path.parent.exists()


def test_a_reader_sees_what_was_written(path):
    writing = open_database(f"sqlite:///{path}")
    with writing.begin() as connection:
        connection.execute(text("INSERT INTO verdicts VALUES ('sha256:1', 'toy', 'toy-1', '2026-06-01 12:00:00', '{}')"))
    writing.dispose()
    before = path.read_bytes()
    reading = open_database(f"sqlite:///{path}", create=False)
    with reading.connect() as connection:
        assert connection.execute(text("SELECT region FROM verdicts")).scalars().all() == ["toy"]
    reading.dispose()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("create", [True, False])
def test_an_empty_database_file_is_filled_only_for_a_writer(path, create):
    path.parent.mkdir()
    path.touch()
    open_database(f"sqlite:///{path}", create=create).dispose()
    assert (path.stat().st_size > 0) is create


def test_a_database_of_another_schema_version_is_left_alone(path):
    open_database(f"sqlite:///{path}").dispose()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE schema_version SET version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(BadInput, match=rf"schema version {SCHEMA_VERSION}, but got 99\. Use the tunegate that wrote it"):
        open_database(f"sqlite:///{path}")


def test_a_database_from_before_the_registry_is_extended_and_keeps_what_it_has(path):
    open_database(f"sqlite:///{path}").dispose()
    connection = sqlite3.connect(path)
    connection.executescript("DROP TABLE releases; DROP TABLE decisions; UPDATE schema_version SET version = 1;")
    connection.execute("INSERT INTO verdicts VALUES ('sha256:1', 'toy', 'toy-1', '2026-06-01 12:00:00', '{}')")
    connection.commit()
    connection.close()
    engine = open_database(f"sqlite:///{path}")
    with engine.connect() as opened:
        assert opened.execute(text("SELECT version FROM schema_version")).scalars().all() == [SCHEMA_VERSION]
        assert opened.execute(text("SELECT count(*) FROM releases")).scalar_one() == 0
        assert opened.execute(text("SELECT region FROM verdicts")).scalars().all() == ["toy"]
    engine.dispose()


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path):
    path.parent.mkdir()
    path.write_text("my thesis " * 100)
    with pytest.raises(BadInput, match="file is not a database"):
        open_database(f"sqlite:///{path}")
    assert path.read_text() == "my thesis " * 100


@pytest.mark.parametrize(
    "url", ["nonsense marked-secret", "nosuchdb://tuner:marked-secret@host/db", "mysql+nosuchdriver://t:marked-secret@h/d"]
)
def test_a_wrong_url_is_refused_without_repeating_its_password(url):
    with pytest.raises(BadInput, match=r"database URL must be one SQLAlchemy reads|must be sqlite or mysql") as caught:
        open_database(url)
    assert "marked-secret" not in str(caught.value)


def test_a_mysql_database_without_its_driver_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(BadInput, match=r"needs its driver, but got no module pymysql.*extra `team`") as caught:
        open_database("mysql+pymysql://tuner:marked-secret@127.0.0.1/tunegate")
    assert "marked-secret" not in str(caught.value)


def test_a_mysql_url_names_a_database():
    with pytest.raises(BadInput, match=r"must name a database, but got mysql\+pymysql://tuner:\*\*\*@127.0.0.1") as caught:
        open_database("mysql+pymysql://tuner:marked-secret@127.0.0.1")
    assert "marked-secret" not in str(caught.value)


def test_a_refused_login_and_a_missing_database_are_bad_input_at_once_and_repeat_no_password(mariadb_database):
    wrong_password = mariadb_database.url.replace(PASSWORD, "marked-secret")
    wrong_name = mariadb_database.url.replace(mariadb_database.name, "nowhere")
    for url, found in ((wrong_password, "Access denied"), (wrong_name, "Unknown database")):
        with pytest.raises(BadInput, match=f"the results database must open, but got .*{found}") as caught:
            open_database(url)
        assert not {PASSWORD, "marked-secret"} & set(re.split(r"[^\w-]+", str(caught.value)))


def test_every_mysql_connection_gives_up_on_silence_unless_the_url_says_how_long():
    assert engine_of("mysql+pymysql://t@h/d", "a test").url.query["read_timeout"] == "60"
    query = engine_of("mysql+pymysql://t@localhost/d?unix_socket=/proxy/sock&read_timeout=7", "a test").url.query
    assert (query["read_timeout"], query["connect_timeout"], query["unix_socket"]) == ("7", "10", "/proxy/sock")


def test_a_home_that_cannot_be_made_is_bad_input(tmp_path):
    (tmp_path / "home").write_text("a file, where the folder should be")
    with pytest.raises(BadInput, match="the results database must open, but got"):
        open_database(f"sqlite:///{tmp_path}/home/deeper/results.sqlite")


@pytest.mark.slow
def test_many_processes_may_open_a_new_database_at_once(path):
    path.parent.mkdir()
    program = f"from tunegate.adapters.sql.database import open_database; open_database('sqlite:///{path}').dispose()"
    processes = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) for _ in range(6)]
    errors = [process.communicate()[1].decode()[-500:] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, errors


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_compiles_for_mysql_within_its_limits(table):
    """Compiling refuses a VARCHAR without length; InnoDB refuses a key of more than 3072 bytes, four for each character."""
    ddl = str(CreateTable(table).compile(dialect=mysql.dialect()))
    assert "COLLATE utf8mb4_bin" in ddl
    assert " FLOAT" not in ddl, "a MySQL FLOAT keeps seven digits"
    for key in (table.primary_key, *(index for index in table.constraints if hasattr(index, "columns"))):
        lengths = [getattr(column.type, "limit", 8) for column in key.columns]
        assert 4 * sum(lengths) <= 3072


def test_insert_if_absent_on_mysql_hides_no_other_error():
    statement = str(absent_rows_insert(ledger, "mysql").compile(dialect=mysql.dialect()))
    assert "ON DUPLICATE KEY UPDATE region = ledger.region" in statement.replace("`", "")
    assert "IGNORE" not in statement
    with pytest.raises(NotImplementedError, match="oracle"):
        absent_rows_insert(ledger, "oracle")


def test_a_writer_killed_in_the_middle_leaves_no_part_of_a_campaign(path):
    """The process is killed by itself, with kill -9, after its rows are written and before they are committed."""
    program = f"""
import os, signal
from sqlalchemy import event
from datetime import UTC, datetime
from tunegate.adapters.sql.campaigns import SqlCampaignStore
from tunegate.adapters.sql.database import open_database
from tunegate.ports.campaign_store import CampaignRow

engine = open_database("sqlite:///{path}")
event.listen(engine, "commit", lambda _connection: os.kill(os.getpid(), signal.SIGKILL))
SqlCampaignStore(engine).start(CampaignRow("toy-1", "toy", {{}}, "sha256:" + "a" * 64, datetime.now(UTC)))
"""
    path.parent.mkdir()
    killed = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, timeout=60)
    assert killed.returncode == -9, killed.stderr.decode()
    engine = open_database(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM campaigns")).scalar_one() == 0
    engine.dispose()
