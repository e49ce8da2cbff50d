"""A simulator's command under test: fresh processes, an input that ends, and kills."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from tunegate.adapters.simulator.command import resolve_command, simulator_environment
from tunegate.adapters.simulator.process import GuardedProcess, LineTooLong, ProcessGone, start_process
from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits, SubprocessSimulator
from tunegate.domain.simulation import SimulationRequest
from tunegate.ports.simulator_probe import OpenInput

BEFORE_KILL_S = 2.0
AFTER_KILL_S = 1.0
_PROCESSES = Path("/proc")


class CommandProbe:
    """Implements the port `SimulatorProbe` for a command on this machine. Raises BadInput when there is no such program."""

    def __init__(self, command: Sequence[str], limits: ProcessLimits) -> None:
        self.command = resolve_command(command, "COMMAND")
        self._limits = limits
        self._opened: list[SubprocessSimulator] = []

    def open(self) -> SubprocessSimulator:
        """See the port."""
        self._opened.append(SubprocessSimulator(self.command, self._limits))
        return self._opened[-1]

    async def close_input(self, request: SimulationRequest) -> OpenInput:
        """See the port."""
        process = await self._serve(request)
        try:
            before = await self._count_lines(process, self._limits.answer_timeout_s + self._limits.start_allowance_s)
            process.close_input()
            after = await self._count_lines(process, self._limits.stop_grace_s)
            return OpenInput(before, after, await process.exit_code(self._limits.stop_grace_s))
        finally:
            await process.kill()

    async def kill_midway(self, request: SimulationRequest) -> tuple[int, ...]:
        """See the port."""
        _require_process_list()
        process = await self._serve(request)
        try:
            with contextlib.suppress(TimeoutError, ProcessGone, LineTooLong):
                async with asyncio.timeout(BEFORE_KILL_S):
                    await process.read_line()
            started = _descendants(process.pid)
        finally:
            await process.kill()
        await asyncio.sleep(AFTER_KILL_S)
        alive = tuple(pid for pid, started_at in started.items() if _start_time(pid) == started_at)
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return alive

    async def close(self) -> None:
        """See the port."""
        for simulator in self._opened:
            await simulator.close()

    async def _serve(self, request: SimulationRequest) -> GuardedProcess:
        environment = simulator_environment(os.environ)
        process = await start_process((*self.command, "serve"), environment, stdin=True)
        with contextlib.suppress(ProcessGone):
            await process.write_line(json.dumps(request.as_message()).encode())
        return process

    async def _count_lines(self, process: GuardedProcess, timeout_s: float) -> int:
        """Lines until the end of an answer, of the output, or silence."""
        count = 0
        with contextlib.suppress(TimeoutError, ProcessGone, LineTooLong):
            while True:
                async with asyncio.timeout(timeout_s):
                    line = await process.read_line()
                count += 1
                if _ends_answer(line):
                    break
        return count


def _require_process_list() -> None:
    if not _PROCESSES.is_dir():
        raise NotImplementedError("this system has no /proc to list processes from")


def _ends_answer(line: bytes) -> bool:
    try:
        message = json.loads(line)
    except ValueError:
        return False
    return isinstance(message, dict) and message.get("type") in {"done", "error"}


def _descendants(root: int) -> dict[int, str]:
    """Every process below `root`, with the time it started at, by which a reused id is told apart."""
    parents = {int(entry.name): _status(int(entry.name)) for entry in _PROCESSES.iterdir() if entry.name.isdigit()}
    found: dict[int, str] = {}
    frontier = {root}
    while frontier:
        frontier = {pid for pid, status in parents.items() if status is not None and status[0] in frontier} - found.keys()
        found |= {pid: status[1] for pid in frontier if (status := parents[pid]) is not None}
    return found


def _start_time(pid: int) -> str | None:
    status = _status(pid)
    return None if status is None or status[2] == "Z" else status[1]


def _status(pid: int) -> tuple[int, str, str] | None:
    """Parent, start time and state of a process; None when it is gone."""
    try:
        fields = (_PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), fields[19], fields[0]
