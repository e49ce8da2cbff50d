from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.local_server.running_instance import InstanceAddresses, hold_instance_lock, running_instance
from tunegate.domain.errors import BadInput

TEAM = InstanceAddresses(ui="http://127.0.0.1:4200", api="http://127.0.0.1:4200/api", dashboard="http://d", pages="http://r")
STANDS = """
import sys, time
from pathlib import Path
from cli.local_server.running_instance import InstanceAddresses, hold_instance_lock
with hold_instance_lock(Path(sys.argv[1]), InstanceAddresses("u", "a", "d", "r")):
    print("stands", flush=True)
    time.sleep(60)
"""


def test_a_team_is_found_while_it_stands_and_never_after(tmp_path: Path) -> None:
    assert running_instance(tmp_path) is None
    with hold_instance_lock(tmp_path, TEAM):
        assert running_instance(tmp_path) == TEAM
    assert running_instance(tmp_path) is None


def test_a_second_one_is_refused_with_the_address_of_the_first(tmp_path: Path) -> None:
    with (
        hold_instance_lock(tmp_path, TEAM),
        pytest.raises(BadInput, match=r"one at http://127\.0\.0\.1:4200"),
        hold_instance_lock(tmp_path, TEAM),
    ):
        pass


def test_one_that_was_killed_stands_no_more(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", STANDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "stands\n"
    assert running_instance(tmp_path) == InstanceAddresses("u", "a", "d", "r")
    process.kill()
    process.wait()
    assert running_instance(tmp_path) is None
    with hold_instance_lock(tmp_path, TEAM):
        assert running_instance(tmp_path) == TEAM
