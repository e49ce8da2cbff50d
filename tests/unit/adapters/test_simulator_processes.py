"""However a request ends, nothing that a simulator started goes on running, and nothing secret is shown."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunegate.adapters.simulator.pool import SubprocessSimulatorPool
from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits, SubprocessSimulator
from tunegate.domain.errors import BadInput, SimulationFailed

PROC = Path("/proc")


def alive(pid: int) -> bool:
    """Running, and not merely waiting for init to collect it."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def all_gone(pids: list[int], within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while any(map(alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def children(parent: int | str = "self") -> set[int]:
    """Children of a process, zombies included."""
    return {int(pid) for task in (PROC / str(parent) / "task").iterdir() for pid in (task / "children").read_text().split()}


def open_files() -> int:
    return len(list((PROC / "self/fd").iterdir()))


def pids_in(path: Path, within_s: float = 20.0) -> list[int]:
    deadline = time.monotonic() + within_s
    while not path.exists() or len(path.read_text().split()) < 2:
        assert time.monotonic() < deadline, "the toy did not say its process ids"
        time.sleep(0.02)
    return [int(pid) for pid in path.read_text().split()]


@pytest.fixture
def toy_pids(tmp_path, monkeypatch) -> Path:
    """Where the toy writes its own process id and its child's."""
    monkeypatch.setenv("TOY_PIDS", str(tmp_path / "pids"))
    return tmp_path / "pids"


async def test_a_hung_simulator_is_killed_with_its_deaf_children(toy, request_for, toy_pids):
    simulator = toy("--fault", "hang_deaf_with_child", limits=ProcessLimits(answer_timeout_s=0.5, start_allowance_s=1))
    with pytest.raises(SimulationFailed, match="stopped with all it had started"):
        await simulator.simulate(request_for())
    assert all_gone(await asyncio.to_thread(pids_in, toy_pids))


async def test_cancelling_a_request_kills_the_simulator_at_once_and_the_next_request_is_answered(
    toy, request_for, toy_pids, tmp_path
):
    simulator = toy("--fault", "hang_deaf_with_child", "--fault-once", tmp_path / "once")
    asking = asyncio.create_task(simulator.simulate(request_for()))
    pids = await asyncio.to_thread(pids_in, toy_pids)
    started = time.monotonic()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert time.monotonic() - started < 5
    assert all_gone(pids, within_s=1)
    assert len((await simulator.simulate(request_for())).days) == 4


def running_with(marker: str) -> list[int]:
    """Processes that have this among their arguments."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if marker.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


@pytest.mark.parametrize("steps", range(6))
async def test_a_request_cancelled_while_its_process_starts_leaves_nothing(toy, request_for, tmp_path, steps):
    """Each step of the loop is a place where starting can be cancelled; each lasts until the simulator is up."""
    marker = str(tmp_path / "log")
    asking = asyncio.create_task(toy("--fault", "ignore_end_of_input", "--log", marker).simulate(request_for()))
    for _ in range(steps):
        await asyncio.sleep(0)
        deadline = time.monotonic() + 0.3
        while time.monotonic() < deadline and len(running_with(marker)) < 2:
            time.sleep(0.02)  # noqa: ASYNC251  the loop is held up on purpose
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert all_gone(running_with(marker), within_s=1)


PARENT = """
import asyncio, sys
from datetime import date
from tunegate.adapters.simulator.subprocess_simulator import SubprocessSimulator
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.simulation import SimulationRequest

day = date(2026, 3, 1)
request = SimulationRequest("t", "toy", Parameters({"gamma": 0.9}), (day,), (1,), Forecast.ML, Period(day, day), {})
asyncio.run(SubprocessSimulator(sys.argv[1:]).simulate(request))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_simulator_outlives_its_parent_even_when_it_is_killed(toy_command, toy_pids, tmp_path, number):
    """The simulator hangs, ignores signals and has a child, so that neither end of input nor a polite signal reaches it."""
    (tmp_path / "parent.py").write_text(PARENT)
    command = [sys.executable, str(tmp_path / "parent.py"), *toy_command("--fault", "hang_deaf_with_child")]
    parent = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        pids = pids_in(toy_pids)
        assert all(map(alive, pids))
        parent.send_signal(number)
        parent.wait(10)
        assert all_gone(pids)
    finally:
        parent.kill()
        parent.wait()


async def test_failures_leave_neither_zombies_nor_open_files(toy, request_for):
    simulator = toy("--fault", "die")
    before, files = children(), None
    for _ in range(5):
        with pytest.raises(SimulationFailed):
            await simulator.simulate(request_for())
        files = files or open_files()
    assert children() <= before
    assert open_files() <= files


async def test_a_process_that_died_between_requests_is_replaced(toy, request_for):
    simulator = toy()
    await simulator.simulate(request_for())
    os.killpg(simulator._process.pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while simulator._process.running:  # noqa: ASYNC110  nothing tells it but time
            await asyncio.sleep(0.01)
    assert len((await simulator.simulate(request_for())).days) == 4


FORGETFUL = """
import asyncio, gc, sys, time
from tunegate.adapters.simulator.subprocess_simulator import SubprocessSimulator

async def forget():
    await SubprocessSimulator(sys.argv[1:]).warm_up()
    await asyncio.sleep(1)

asyncio.run(forget())
gc.collect()
print("forgotten", flush=True)
time.sleep(600)
"""


def test_a_loop_that_ends_without_close_leaves_nothing_though_its_process_lives_on(toy_command, tmp_path):
    marker = str(tmp_path / "log")
    (tmp_path / "parent.py").write_text(FORGETFUL)
    command = [sys.executable, str(tmp_path / "parent.py"), *toy_command("--fault", "ignore_end_of_input", "--log", marker)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        try:
            assert parent.stdout.readline() == b"forgotten\n"
            assert all_gone([pid for pid in running_with(marker) if pid != parent.pid])
            assert parent.poll() is None
        finally:
            parent.kill()


async def test_close_lets_a_simulator_end_by_itself(script, tmp_path):
    program = f"import sys\nsys.stdin.read()\nopen({str(tmp_path / 'farewell')!r}, 'w').close()\n"
    simulator = script(program)
    await simulator.warm_up()
    await simulator.close()
    assert (tmp_path / "farewell").exists()


async def test_close_kills_a_simulator_that_ignores_the_end_of_its_input(toy):
    simulator = toy("--fault", "ignore_end_of_input", limits=ProcessLimits(stop_grace_s=0.2))
    await simulator.warm_up()
    pid = simulator._process.pid
    await simulator.close()
    assert not alive(pid)
    await simulator.close()


class TestSecrets:
    async def test_a_simulator_does_not_see_secrets_and_so_cannot_print_them(self, toy, request_for, monkeypatch):
        monkeypatch.setenv("PREFECT_API_KEY", "marked-secret-1")
        monkeypatch.setenv("STUDY_URL", "mysql+pymysql://tuner:marked-secret-2@db/optuna")
        monkeypatch.setenv("HAILSIM_SETTING", "plain")
        with pytest.raises(SimulationFailed) as caught:
            await toy("--fault", "environment_on_stderr").simulate(request_for())
        assert "marked-secret" not in str(caught.value)


class TestPool:
    async def test_no_more_processes_than_the_size_and_each_is_used_again(self, toy_command, request_for):
        before = children()
        async with SubprocessSimulatorPool(toy_command("--day-s", 0.02), size=2) as pool:
            counts = []

            async def ask(number: int) -> None:
                async with pool.lease() as simulator:
                    await simulator.simulate(request_for(id=f"trial-{number}"))
                    counts.append(len(children() - before))

            await asyncio.gather(*map(ask, range(12)))
            assert max(counts) == 2
        assert children() <= before

    async def test_a_lone_asker_always_gets_the_warm_simulator(self, toy_command, request_for):
        before = children()
        async with SubprocessSimulatorPool(toy_command(), size=4) as pool:
            for _ in range(4):
                async with pool.lease() as simulator:
                    await simulator.simulate(request_for())
            assert len(children() - before) == 1

    async def test_warm_up_starts_all_of_them(self, toy_command):
        before = children()
        async with SubprocessSimulatorPool(toy_command(), size=3) as pool:
            await pool.warm_up()
            assert len(children() - before) == 3

    async def test_a_failed_lease_is_given_back(self, toy_command, request_for):
        async with SubprocessSimulatorPool(toy_command("--fault", "die"), size=1) as pool:
            for _ in range(3):
                with pytest.raises(SimulationFailed):
                    async with pool.lease() as simulator:
                        await simulator.simulate(request_for())

    async def test_closing_stops_a_busy_simulator_and_refuses_who_waits(self, toy_command, request_for, toy_pids):
        pool = SubprocessSimulatorPool(toy_command("--fault", "hang_deaf_with_child"), size=1)

        async def ask() -> None:
            async with pool.lease() as simulator:
                await simulator.simulate(request_for())

        busy, waiting = asyncio.create_task(ask()), asyncio.create_task(ask())
        pids = await asyncio.to_thread(pids_in, toy_pids)
        await pool.close()
        with pytest.raises(SimulationFailed, match="killed by SIGKILL"):
            await busy
        with pytest.raises(RuntimeError, match="closed"):
            await waiting
        assert all_gone(pids)

    async def test_a_missing_command_is_bad_input_before_anything_starts(self):
        with pytest.raises(BadInput, match="no-such-simulator"):
            SubprocessSimulatorPool(["no-such-simulator"], size=2)

    def test_an_empty_pool_is_refused(self, toy_command):
        with pytest.raises(ValueError, match="size=0"):
            SubprocessSimulatorPool(toy_command(), size=0)


async def test_a_program_that_goes_missing_later_is_a_failed_simulation(tmp_path, request_for):
    program = tmp_path / "simulator"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    simulator = SubprocessSimulator([str(program)])
    program.unlink()
    with pytest.raises(SimulationFailed, match=r"(?s)exit code 127.*did not start"):
        await simulator.simulate(request_for())


async def test_every_request_reaches_the_simulator_as_one_line_of_the_contract(toy, request_for, tmp_path):
    request = request_for(id="渋谷\n2", settings={"noise_share": 0.01})
    await toy("--log", tmp_path / "log").simulate(request)
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert json.loads(line) == request.as_message()
