"""What a process loads before it does anything: a campaign over pods starts hundreds, and each waits for its imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = ("matplotlib", "scipy.stats", "scipy.optimize", "pandas", "google.cloud.bigquery", "sklearn")


@pytest.mark.parametrize("module", ["flows.simulate", "flows.worker", "flows.retune", "flows.rollout"])
def test_a_flow_loads_no_library_that_only_some_of_its_work_needs(module: str) -> None:
    loads = f"import sys, {module}; print(*(name for name in {SLOW!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, timeout=120, check=True)
    assert loaded.stdout.split() == []


def test_the_command_line_leaves_prefect_alone_until_it_knows_which_server_to_use() -> None:
    """Prefect reads its address when it is imported; too early, it starts a slow temporary server of its own."""
    loads = "import sys, cli.main; print(*(name for name in sys.modules if name.partition('.')[0] == 'prefect'))"
    loaded = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, timeout=120, check=True)
    assert loaded.stdout.split() == []
