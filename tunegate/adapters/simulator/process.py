"""One guarded child process that speaks lines: bounded reading, drained stderr, and an end that leaves nothing running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import weakref
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from tunegate.adapters.local.private_process import hide_this_process

LINE_LIMIT_BYTES = 16 * 2**20
STDERR_LINES = 20
STDERR_LINE_CHARACTERS = 400
_GUARD = str(Path(__file__).with_name("process_guard.py"))


class ProcessGone(Exception):
    """The process closed its output or ended. `how` says how it ended, for people."""

    def __init__(self, how: str) -> None:
        self.how = how
        super().__init__(how)


class LineTooLong(Exception):
    """A line passed LINE_LIMIT_BYTES."""


def describe_exit(code: int) -> str:
    """E.g. `exit code 3`, or `killed by SIGKILL` for -9."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class _Group:
    """A process group and the lifeline of its guard; killed once, because its id may later be given to another group."""

    def __init__(self, leader: int, lifeline: int) -> None:
        self._leader = leader
        self._lifeline: int | None = lifeline

    def kill(self) -> None:
        if self._lifeline is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._leader, signal.SIGKILL)
            os.close(self._lifeline)
            self._lifeline = None


class GuardedProcess:
    """A child in a session of its own, under process_guard.py, so that it never outlives this process.

    Made by `start_process`. After `kill` or `close` nothing of its group is left and its exit is collected.
    """

    def __init__(self, process: Process, lifeline: int) -> None:
        if process.stdout is None or process.stderr is None:
            raise ValueError("the process must be started with pipes for stdout and stderr")
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._group = _Group(process.pid, lifeline)
        # For an event loop that ends without `close`: asyncio would kill the guard alone.
        weakref.finalize(self, self._group.kill)
        self._drain = asyncio.create_task(self._drain_stderr(process.stderr))
        self._end = asyncio.create_task(self._kill_group_at_exit())

    @property
    def pid(self) -> int:
        """Process id of the guard, which is also the id of the group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.returncode is None

    @property
    def stderr_tail(self) -> tuple[str, ...]:
        """The last lines of stderr, shortened."""
        return tuple(self._stderr)

    async def write_line(self, line: bytes) -> None:
        """Send one line. Raises ProcessGone."""
        if self._stdin is None:
            raise ValueError("the process was started without stdin")
        try:
            self._stdin.write(line + b"\n")
            await self._stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise ProcessGone(await self._how_it_ended()) from None

    async def read_line(self) -> bytes:
        """The next line of stdout, without its end. Raises ProcessGone when there is none, LineTooLong."""
        try:
            line = await self._stdout.readline()
        except ValueError:
            raise LineTooLong(f"over {LINE_LIMIT_BYTES} bytes") from None
        if not line.endswith(b"\n"):
            raise ProcessGone(await self._how_it_ended(unfinished=len(line)))
        return line[:-1]

    async def read_all(self) -> tuple[int, bytes]:
        """Exit code (negative: signal) and all of stdout. Raises LineTooLong."""
        output = bytearray()
        while chunk := await self._stdout.read(2**16):
            output += chunk
            if len(output) > LINE_LIMIT_BYTES:
                raise LineTooLong(f"over {LINE_LIMIT_BYTES} bytes")
        return await self._ended(), bytes(output)

    async def kill(self) -> None:
        """Kill the whole group now, and collect the exit."""
        self._group.kill()
        await self._ended()

    def close_input(self) -> None:
        """End the process's stdin."""
        if self._stdin is not None:
            self._stdin.close()

    async def exit_code(self, timeout_s: float) -> int | None:
        """How the process ended by itself; None when it is still running after `timeout_s`."""
        await asyncio.wait([self._end], timeout=timeout_s)
        return await self._ended() if self._end.done() else None

    async def close(self, grace_s: float) -> None:
        """Close stdin, wait `grace_s` for the process to end by itself, then kill what is left."""
        self.close_input()
        await asyncio.wait([self._end], timeout=grace_s)
        await self.kill()

    async def _how_it_ended(self, unfinished: int = 0) -> str:
        """In words; a process that only closed its output is killed, because nothing more can come of it."""
        await asyncio.wait([self._end], timeout=1)
        if not self._end.done():
            await self.kill()
            return "it closed its output and went on running"
        how = describe_exit(await self._ended())
        return f"{how}, {unfinished} bytes into a line" if unfinished else how

    async def _ended(self) -> int:
        """Wait for the end; shielded, because a cancelled caller must not leave a process half collected."""
        return await asyncio.shield(self._end)

    async def _kill_group_at_exit(self) -> int:
        code = await self._process.wait()
        # At once, not when somebody asks: the id of a group that is gone may later be given to another.
        self._group.kill()
        # A grandchild in a session of its own escapes the group and could hold stderr open for ever.
        await asyncio.wait([self._drain], timeout=1)
        self._drain.cancel()
        return code

    async def _drain_stderr(self, stderr: asyncio.StreamReader) -> None:
        rest = ""
        while chunk := await stderr.read(2**16):
            *lines, rest = (rest + chunk.decode(errors="replace")).split("\n")
            self._stderr.extend(line[:STDERR_LINE_CHARACTERS] for line in lines if line.strip())
            rest = rest[:STDERR_LINE_CHARACTERS]
        if rest.strip():
            self._stderr.append(rest)


async def start_process(command: Sequence[str], environment: Mapping[str, str], *, stdin: bool) -> GuardedProcess:
    """Start a resolved command; with `stdin` false it reads from nothing. From then on this process is private."""
    hide_this_process()
    starting = asyncio.create_task(_start(command, environment, stdin=stdin))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Cancelled half way, asyncio would kill the guard alone, and what the guard had started would go on running.
        await (await starting).kill()
        raise


async def _start(command: Sequence[str], environment: Mapping[str, str], *, stdin: bool) -> GuardedProcess:
    reading_end, lifeline = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", _GUARD, str(reading_end), *command),
            stdin=PIPE if stdin else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=dict(environment),
            limit=LINE_LIMIT_BYTES,
            pass_fds=(reading_end,),
            start_new_session=True,
        )
    except BaseException:
        os.close(lifeline)
        raise
    finally:
        os.close(reading_end)
    return GuardedProcess(process, lifeline)
