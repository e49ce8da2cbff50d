"""The migrated database that `make setup` leaves for new homes."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from prefect.server.database.alembic_commands import alembic_config

from cli.local_server import database_template


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    path = database_template.template_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"migrated")
    return path


def test_the_template_of_this_environment_is_at_the_newest_migration_of_the_installed_prefect() -> None:
    with closing(sqlite3.connect(f"file:{database_template.template_path()}?mode=ro", uri=True)) as connection:
        revisions = {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
        assert connection.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)
    migrations = alembic_config()
    sqlite_alone = Path(str(migrations.config_file_name)).parent / "_migrations" / "versions" / "sqlite"
    migrations.set_main_option("version_locations", str(sqlite_alone))
    assert revisions == set(ScriptDirectory.from_config(migrations).get_heads())


def test_a_new_home_gets_a_copy_and_nothing_else(template: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    database_template.copy_template(home / "prefect.db")
    assert [(path.name, path.read_bytes()) for path in home.iterdir()] == [("prefect.db", b"migrated")]
    assert template.read_bytes() == b"migrated"


def test_a_database_that_exists_stays(template: Path, tmp_path: Path) -> None:
    database = tmp_path / "prefect.db"
    database.write_bytes(b"runs of a year")
    database_template.copy_template(database)
    assert database.read_bytes() == b"runs of a year"


def test_the_template_of_another_version_is_not_copied(template: Path, tmp_path: Path) -> None:
    template.rename(template.with_name("prefect-0.0.1.db"))
    database_template.copy_template(tmp_path / "prefect.db")
    assert not (tmp_path / "prefect.db").exists()
