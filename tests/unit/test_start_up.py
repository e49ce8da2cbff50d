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
