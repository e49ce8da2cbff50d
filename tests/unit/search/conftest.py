from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import optuna
import pytest

from tests.services.mariadb import MariaDb

_SERVER = pytest.param("mariadb", marks=pytest.mark.services)
IN_FILE_AND_SERVER = pytest.mark.parametrize("url", ["journal", _SERVER], indirect=True)
ON_SERVER = pytest.mark.parametrize("url", [_SERVER], indirect=True)
SCRIPT = Path(__file__).with_name("worker_process.py")


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """The toy campaign that worker processes run too."""
    spec = importlib.util.spec_from_file_location("toy_campaign", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def study_database(mariadb: MariaDb) -> str:
    """One database for all studies of this process: its tables take longer to make than most tests."""
    return mariadb.database().url


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a study of its own may be kept: a journal file, or a server where the test says so."""
    if getattr(request, "param", "journal") == "journal":
        yield f"journal://{tmp_path}/study.journal"
        return
    server_url: str = request.getfixturevalue("study_database")
    yield server_url
    for name in optuna.get_all_study_names(server_url):
        optuna.delete_study(study_name=name, storage=server_url)
