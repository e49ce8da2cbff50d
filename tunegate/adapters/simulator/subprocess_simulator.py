"""A simulator behind `COMMAND serve`: one warm process for many requests, replaced after any failure.

Classes of failure. *Transient*, where a fresh process may do better: it died, was silent too long, or printed a line that is no
JSON object. *Permanent*, where it would not: an answer that is well-formed and wrong (a day nobody asked for, another id, a
number that is not finite, other parameters than asked). A simulator is deterministic by contract, so the same request would get
the same wrong answer, and asking until it happens to pass would hide the fault that makes its numbers worthless. An `error`
line is of the class it names.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tunegate.adapters.simulator.answer_assembly import AnswerAssembly, check_id
from tunegate.adapters.simulator.command import resolve_command, simulator_environment
from tunegate.adapters.simulator.messages import BadMessage, Message, Rubbish, parse_answer, parse_description, shorten
from tunegate.adapters.simulator.process import GuardedProcess, LineTooLong, ProcessGone, describe_exit, start_process
from tunegate.adapters.simulator.route_assembly import RouteAssembly
from tunegate.domain.days import SimulationAnswer
from tunegate.domain.errors import BadInput, FailureClass, Fault, SimulationFailed
from tunegate.domain.routes import RoutesAnswer, RoutesRequest
from tunegate.domain.simulation import SimulationRequest, SimulatorDescription
from tunegate.ports.simulator import OnDay

REFUSED_EXIT_CODE = 2
A = TypeVar("A", SimulationAnswer, RoutesAnswer)


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """How long a simulator may be silent.

    answer_timeout_s: longest silence between two lines. start_allowance_s: what the first answer of a fresh process may take on
    top (imports, compiling, training). stop_grace_s: from the end of its input to being killed.
    """

    answer_timeout_s: float = 120.0
    start_allowance_s: float = 60.0
    stop_grace_s: float = 2.0


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """An `error` line that ended an answer."""

    message: Message

    @property
    def failure_class(self) -> FailureClass:
        """Whether asking again can help, in the simulator's own words."""
        return FailureClass(self.message["class"])


class SubprocessSimulator:
    """Implements the port `Simulator`. Belongs to one event loop; `command` is e.g. `["hailsim"]`. Raises BadInput."""

    def __init__(self, command: Sequence[str], limits: ProcessLimits | None = None) -> None:
        self._command = resolve_command(command)
        self._limits = limits or ProcessLimits()
        self._process: GuardedProcess | None = None
        self._answered_before = False
        self._closed = False
        self._turn = asyncio.Lock()

    async def describe(self, city: str | None = None) -> SimulatorDescription:
        """Runs `COMMAND describe [--city CITY]`, a process of its own."""
        process = await self._start("describe", *(() if city is None else ("--city", city)), stdin=False)
        timeout_s = self._limits.answer_timeout_s + self._limits.start_allowance_s
        try:
            async with asyncio.timeout(timeout_s):
                code, output = await process.read_all()
            if code != 0:
                raise self._no_description(code, output, process)
            return parse_description(output)
        except TimeoutError:
            raise self._hung("describe", timeout_s, process) from None
        except LineTooLong as error:
            raise self._broken_contract("describe", Rubbish("a description must be of bounded length", error)) from None
        except BadMessage as error:
            raise self._broken_contract("describe", error) from None
        finally:
            await process.kill()

    async def simulate(self, request: SimulationRequest, on_day: OnDay | None = None) -> SimulationAnswer:
        return await self._ask(request.id, request.as_message(), AnswerAssembly(request, on_day).take)

    async def draw_routes(self, request: RoutesRequest) -> RoutesAnswer:
        return await self._ask(request.id, request.as_message(), RouteAssembly(request).take)

    async def warm_up(self) -> None:
        """Start the process if there is none, so that it can import and compile while others work."""
        async with self._turn:
            await self._warm_process()

    async def close(self) -> None:
        """Let an idle process end by itself and stop a busy one, whose request then fails. Idempotent."""
        self._closed = True
        process, self._process = self._process, None
        if process is not None:
            await process.close(0 if self._turn.locked() else self._limits.stop_grace_s)

    async def _ask(self, request_id: str, message: Message, take: Callable[[Message], A | None]) -> A:
        """Send one request and give its answer's lines to `take` until that has the whole answer. Raises SimulationFailed."""
        async with self._turn:
            process = await self._warm_process()
            well = False
            try:
                answer = await self._converse(process, request_id, message, take)
                # Who can report a permanent error is well; after a transient one a fresh process may do better.
                well = not isinstance(answer, ErrorLine) or answer.failure_class is FailureClass.PERMANENT
            finally:
                # Also when cancelled or when `take` raised: the rest of this answer must not reach the next request.
                if not well:
                    self._process = None
                    await process.kill()
        if isinstance(answer, ErrorLine):
            raise SimulationFailed(answer.failure_class, self._reported(request_id, answer.message))
        return answer

    async def _warm_process(self) -> GuardedProcess:
        if self._process is None or not self._process.running:
            if self._closed:
                raise RuntimeError("this simulator is closed")
            self._process = await self._start("serve", stdin=True)
            self._answered_before = False
        return self._process

    async def _start(self, *arguments: str, stdin: bool) -> GuardedProcess:
        environment = simulator_environment(os.environ)
        return await start_process((*self._command, *arguments), environment, stdin=stdin)

    async def _converse(
        self, process: GuardedProcess, request_id: str, asked: Message, take: Callable[[Message], A | None]
    ) -> A | ErrorLine:
        """Ask and collect: the whole answer, or the `error` line the simulator ended it with."""
        line: bytes | None = json.dumps(asked, allow_nan=False).encode()
        try:
            while True:
                message = await self._next_message(request_id, process, line)
                line = None
                if message["type"] == "error":
                    check_id(message, request_id)
                    return ErrorLine(message)
                answer = take(message)
                if answer is not None:
                    return answer
        except BadMessage as error:
            raise self._broken_contract(request_id, error) from None

    async def _next_message(self, request_id: str, process: GuardedProcess, line: bytes | None) -> Message:
        """The next answer line, after writing `line` if there is one (a simulator that does not read can block that, too)."""
        timeout_s = self._limits.answer_timeout_s + (0 if self._answered_before else self._limits.start_allowance_s)
        try:
            async with asyncio.timeout(timeout_s):
                if line is not None:
                    await process.write_line(line)
                answer = await process.read_line()
        except TimeoutError:
            raise self._hung(request_id, timeout_s, process) from None
        except ProcessGone as gone:
            raise self._died(request_id, gone.how, process) from None
        except LineTooLong as error:
            raise Rubbish("an answer line must be of bounded length", error) from None
        self._answered_before = True
        return parse_answer(answer)

    def _hung(self, request_id: str, timeout_s: float, process: GuardedProcess) -> SimulationFailed:
        rule = f"a simulator must not be silent for more than {timeout_s:g} s"
        remedy = "It was stopped with all it had started. If it is only slow, raise simulator.answer_timeout_s."
        return self._transient(request_id, rule, f"silence{_stderr_note(process)}", remedy)

    def _died(self, request_id: str, how: str, process: GuardedProcess) -> SimulationFailed:
        rule = "a simulator must live until it has answered"
        return self._transient(request_id, rule, how + _stderr_note(process), "The next request starts a fresh process.")

    def _broken_contract(self, request_id: str, error: BadMessage) -> SimulationFailed:
        if isinstance(error, Rubbish):
            remedy = "Nothing but answers may go to stdout: send prints and logs to stderr."
            return self._transient(request_id, error.rule, error.value, remedy)
        fault = Fault(
            error.rule, error.value, self._place(request_id), "Correct the simulator; see docs/simulator-contract.md."
        )
        return SimulationFailed(FailureClass.PERMANENT, fault)

    def _no_description(self, code: int, output: bytes, process: GuardedProcess) -> BadInput | SimulationFailed:
        """What a failed `describe` means: an `error` line says itself, exit code 2 is a refusal, anything else a crash."""
        try:
            message = parse_answer(output.rstrip(b"\n").rpartition(b"\n")[2])
        except BadMessage:
            message = {"type": "none"}
        if message["type"] == "error":
            fault = self._reported("describe", message)
            permanent = message["class"] == FailureClass.PERMANENT
            return BadInput(fault) if permanent else SimulationFailed(FailureClass.TRANSIENT, fault)
        if code == REFUSED_EXIT_CODE:
            found = f"exit code {code}{_stderr_note(process)}"
            remedy = "Correct the city or the simulator's command."
            return BadInput(Fault("a simulator must describe itself and the city", found, self._place("describe"), remedy))
        return self._died("describe", describe_exit(code), process)

    def _reported(self, request_id: str, message: Message) -> Fault:
        place = f"{self._place(request_id)}, {message['place']}"
        return Fault(shorten(message["rule"]), shorten(message["value"]), place, shorten(message["remedy"]))

    def _transient(self, request_id: str, rule: str, value: str, remedy: str) -> SimulationFailed:
        return SimulationFailed(FailureClass.TRANSIENT, Fault(rule, value, self._place(request_id), remedy))

    def _place(self, request_id: str) -> str:
        return f"simulator {Path(self._command[0]).name}, {request_id}"


def _stderr_note(process: GuardedProcess) -> str:
    tail = process.stderr_tail
    return "; it said nothing on stderr" if not tail else "; last on stderr:\n" + "\n".join(f"  {line}" for line in tail)
