"""`python -m cli.local_server.database_template`: a migrated database of Prefect, in the environment, for new homes to copy.

Half of a new home's first start would be Prefect's migrations. Prefect's own command makes them once, when the environment is
set up. The file is named after Prefect's version, so that another version never copies it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path


def template_path() -> Path:
    """Where the template of the installed version of Prefect is, if there is one."""
    return Path(sys.prefix) / "share" / "tunegate" / f"prefect-{version('prefect')}.db"


def database_url(database: Path) -> str:
    """The address of a SQLite database of Prefect, as Prefect wants it."""
    return f"sqlite+aiosqlite:///{database}"


def copy_template(database: Path) -> None:
    """Make `database` a copy of the template, whole or not at all, unless it exists or there is no template."""
    template = template_path()
    if database.exists() or not template.is_file():
        return
    with tempfile.TemporaryDirectory(prefix="new-", dir=database.parent) as folder:
        copy = Path(folder) / database.name
        shutil.copyfile(template, copy)
        copy.replace(database)


def build_template() -> None:
    """Make the template of the installed version, in place of those of other versions."""
    template = template_path()
    template.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=template.parent) as folder:
        database = Path(folder) / "prefect.db"
        settings = {"PREFECT_HOME": folder, "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url(database)}
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        subprocess.run(command, env=os.environ | settings, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # One file is all that is copied.
        for other in template.parent.glob("prefect-*.db"):
            other.unlink()
        database.replace(template)


if __name__ == "__main__":
    build_template()
