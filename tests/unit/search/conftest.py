from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

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


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"journal://{tmp_path}/study.journal"
