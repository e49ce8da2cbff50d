"""What a process imports before it does anything: a campaign over pods starts hundreds, and people wait for their commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = ("matplotlib", "scipy.stats", "scipy.optimize", "pandas", "google.cloud.bigquery", "sklearn")
FLOWS = ("flows.simulate", "flows.worker", "flows.retune", "flows.rollout")
READING_NEEDS_NONE = (
    "prefect",
    "optuna",
    "matplotlib",
    "scipy",
    "numpy",
    "pandas",
    "jsonschema",
    "yaml",
    "jinja2",
    "pydantic",
    "sqlalchemy.dialects.mysql",
)
HELP_NEEDS_NONE = (*READING_NEEDS_NONE, "sqlalchemy", "rich", "tunegate.domain", "tunegate.ports")
RUN = """
import sys
from cli.main import main
code = main(sys.argv[2:])
print(code, *(name for name in sys.argv[1].split() if name in sys.modules))
"""


def ended_with(unwanted: tuple[str, ...], arguments: tuple[str, ...], home: Path) -> list[str]:
    """The exit code of a command in a process of its own, and which of these modules it imported."""
    environment = {**os.environ, "TUNEGATE_HOME": str(home)}
    command = [sys.executable, "-c", RUN, " ".join(unwanted), *arguments]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return ran.stdout.splitlines()[-1].split()


def test_flows_load_no_library_that_only_some_of_their_work_needs() -> None:
    loads = f"import sys, {', '.join(FLOWS)}; print(*(name for name in {SLOW!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, timeout=120, check=True)
    assert loaded.stdout.split() == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), "0"),
        (("--version",), "0"),
        (("retune", "--help"), "0"),
        (("retnue",), "2"),
        (("registry", "lsit"), "2"),
        (("retune", "region.yaml", "--resmue"), "2"),
        (("approve", "--hlep"), "2"),
    ],
)
def test_help_and_a_mistyped_command_line_import_no_command(tmp_path: Path, arguments: tuple[str, ...], code: str) -> None:
    assert ended_with(HELP_NEEDS_NONE, arguments, tmp_path / "home") == [code]


@pytest.mark.parametrize("arguments", [("registry", "list"), ("verdict", "list", "toyville"), ("ledger", "toyville")])
def test_a_listing_imports_no_orchestrator_and_no_numerics(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert ended_with(READING_NEEDS_NONE, arguments, tmp_path / "home") == ["0"]


def test_no_command_imports_prefect_before_it_is_known_which_server_to_use() -> None:
    """Prefect reads its address when it is imported; too early, it starts a slow temporary server of its own."""
    imports = (
        "import sys; from cli.commands import retune, approve, up; print(*(name for name in sys.modules if name == 'prefect'))"
    )
    loaded = subprocess.run([sys.executable, "-c", imports], capture_output=True, text=True, timeout=120, check=True)
    assert loaded.stdout.split() == []
