"""The commands `describe`, `serve`, `run` and `import`.

Answers go to a copy of stdout that nothing else knows. Stdout itself leads to stderr, with whatever the simulator, its
libraries or its children print, and their stdin is empty.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tunegate_simulator.errors import BrokenPromise, Fault, Refused, is_transient, joined, shorten

if TYPE_CHECKING:
    from tunegate_simulator.simulator import Simulator

EXIT_FAILED = 1
EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130


def run(simulator: Simulator, argv: Sequence[str]) -> int:
    """Run one command; its exit code."""
    arguments = _parser(simulator).parse_args(argv)
    if arguments.command == "describe":
        return _describe(simulator, arguments.city)
    if arguments.command == "import":
        return _import(simulator, arguments.source, arguments.out)
    with Channel() as channel:
        if arguments.command == "serve":
            return _serve(simulator, channel)
        text = "".join(channel.requests()) if arguments.request == "-" else Path(arguments.request).read_text("utf-8")
        return answer_line(simulator, text, channel)


class Channel:
    """Where requests come from and answers go to, while stdin is empty and stdout leads to stderr for everybody else."""

    def __enter__(self) -> Channel:
        self._requests = os.fdopen(os.dup(0), encoding="utf-8", errors="surrogateescape")
        self._answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        # Also what was printed before, while the program was imported, if Python has not written it out yet.
        sys.stdout.flush()
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()

    def requests(self) -> Iterable[str]:
        """The lines of stdin until it ends."""
        return self._requests

    def write(self, line: dict[str, Any]) -> None:
        """Send one answer line, at once."""
        self._answers.write(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n")
        self._answers.flush()

    def give_up(self) -> None:
        """Nobody reads any more: leave nothing behind that the interpreter would try to write at its end."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._answers.fileno())


def answer_line(simulator: Simulator, text: str, channel: Channel) -> int:
    """Answer one request; the exit code it would have alone."""
    request_id: str | None = None
    try:
        message = _decode(text)
        request_id = message["id"] if isinstance(message.get("id"), str) else None
        for line in simulator.answer(message):
            channel.write(line)
    except BrokenPipeError:
        raise
    except Refused as refused:
        channel.write(_error(request_id, "permanent", joined(refused.faults)))
        return EXIT_REFUSED
    except BrokenPromise as broken:
        channel.write(_error(request_id, "permanent", broken.fault))
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001 any error of the day function ends this request, with its class, and no other
        traceback.print_exc()
        failure_class = "transient" if is_transient(error) else "permanent"
        channel.write(_error(request_id, failure_class, _fault_of(error, failure_class)))
        return EXIT_FAILED
    return 0


def _serve(simulator: Simulator, channel: Channel) -> int:
    signal.signal(signal.SIGTERM, _leave)
    try:
        for line in channel.requests():
            if line.strip():
                answer_line(simulator, line, channel)
    except BrokenPipeError:
        channel.give_up()
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def _describe(simulator: Simulator, city: str | None) -> int:
    try:
        with Channel() as channel:
            channel.write(simulator.describe(city))
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return EXIT_REFUSED
    return 0


def _import(simulator: Simulator, source: str, out: str) -> int:
    if simulator.import_data is None:
        sys.stderr.write(f"{simulator.name} imports no data: name a `city` in the region file and no `city_source`.\n")
        return EXIT_REFUSED
    try:
        simulator.import_data(Path(source), Path(out))
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return EXIT_REFUSED
    return 0


def _decode(text: str) -> dict[str, Any]:
    remedy = "Send one JSON object a line."
    try:
        message = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        fault = Fault("a request must be JSON", f"{shorten(text)!r} ({error})", "request", remedy)
        raise Refused(fault) from None
    if not isinstance(message, dict):
        raise Refused(Fault("a request must be one JSON object", shorten(text), "request", remedy))
    return message


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _fault_of(error: Exception, failure_class: str) -> Fault:
    last = traceback.extract_tb(error.__traceback__)[-1]
    remedy = (
        "Try again; see stderr for the traceback."
        if failure_class == "transient"
        else "Correct it; the traceback is on stderr."
    )
    value = shorten(f"{type(error).__name__}: {error}")
    return Fault("a simulator must simulate without an error", value, f"{Path(last.filename).name}, line {last.lineno}", remedy)


def _error(request_id: str | None, failure_class: str, fault: Fault) -> dict[str, Any]:
    return {
        "type": "error",
        "id": request_id,
        "class": failure_class,
        "rule": fault.rule,
        "value": fault.value,
        "place": fault.place,
        "remedy": fault.remedy,
    }


def _parser(simulator: Simulator) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=f"{simulator.name}, a simulator for tunegate.")
    commands = parser.add_subparsers(dest="command", required=True)
    describe = commands.add_parser("describe", help="print what can be tuned, measured and set, as JSON")
    describe.add_argument("--city", help="say what is known of this city, too")
    commands.add_parser("serve", help="answer requests from stdin, one JSON object a line, until it ends")
    one = commands.add_parser("run", help="answer one request")
    one.add_argument("--request", required=True, help="a file that holds it, or - for stdin")
    importer = commands.add_parser("import", help="make a city folder from raw data")
    importer.add_argument("source")
    importer.add_argument("--out", required=True)
    return parser


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(0)
