"""A simulator finds no secret of the processes above it, in its environment or through `/proc`."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tunegate.adapters.local import private_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no /proc")

SNOOPING = Path(__file__).parents[2] / "simulators" / "snooping.py"
WORD = "planted-word"
SECRETS = {
    "TUNEGATE_DATABASE_URL": f"mysql+pymysql://tuner:{WORD}@db/tunegate",
    "PREFECT_API_AUTH_STRING": f"tunegate:{WORD}",
    "SSH_AUTH_SOCK": f"/run/{WORD}",
}
PR_CAPBSET_DROP = 24
READ_OTHERS = (19, 21, 38)  # CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON
START = """
import asyncio, os, sys
from tunegate.adapters.simulator.command import simulator_environment
from tunegate.adapters.simulator.process import start_process

secret = open(sys.argv[3])

async def main():
    process = await start_process([sys.executable, sys.argv[1], sys.argv[2]], simulator_environment(os.environ), stdin=False)
    code, printed = await process.read_all()
    sys.stdout.buffer.write(printed)
    assert code == 0, process.stderr_tail

asyncio.run(main())
"""
# What a worker of Prefect does: it starts a program of its own, without asking us.
WORKER = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], env={}, check=True)"


def as_nobody_special() -> None:
    """Root may read every process unless it gives up that right; for anybody else this does nothing."""
    for right in READ_OTHERS:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, right, 0, 0, 0)


def found_by(command: list[str], **environment: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, **SECRETS, **environment},
        preexec_fn=as_nobody_special,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture
def file_with_secret(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_text(WORD)
    return str(path)


def test_the_snooping_program_finds_what_is_not_hidden(file_with_secret):
    found = found_by(["-c", WORKER, str(SNOOPING), WORD])
    assert any(place.startswith("environ of") for place in found["found"])
    assert any(place.startswith("mem of") for place in found["found"])


def test_a_simulator_finds_no_secret_of_the_processes_above_it(file_with_secret):
    found = found_by(["-c", START, str(SNOOPING), WORD, file_with_secret])
    assert found["looked"] >= 3, "the guard, its parent and the test itself"
    assert found["found"] == []


def test_what_a_private_worker_starts_finds_no_secret_of_it(tmp_path):
    (tmp_path / "pretended_worker.py").write_text(WORKER)
    command = ["-m", private_process.__name__, "pretended_worker", str(SNOOPING), WORD]
    assert found_by(command, PYTHONPATH=str(tmp_path))["found"] == []


def test_a_child_process_of_tunegate_up_cannot_read_its_guard_or_tunegate_up(tmp_path):
    log = tmp_path / "log"
    script = (
        "import sys; from pathlib import Path; from cli.local_server import child_processes as children;"
        "child = children.start('child', ['-c', sys.argv[2], *sys.argv[3:]], Path(sys.argv[1]), {}); child.process.wait();"
        "print(Path(sys.argv[1]).read_text().splitlines()[-1])"
    )
    found = found_by(["-c", script, str(log), f"import os; {WORKER}", str(SNOOPING), WORD])
    # The child is no private process here, and the only one of those above the program that it can read.
    assert len({place.rpartition(" ")[2] for place in found["found"]}) == 1


def test_a_module_runs_as_it_would_by_itself(tmp_path):
    (tmp_path / "shown.py").write_text("import sys; print(__name__, sys.argv[1:]); raise SystemExit(3)")
    ran = subprocess.run(
        [sys.executable, "-m", private_process.__name__, "shown", "--port", "1"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (3, "__main__ ['--port', '1']\n")
