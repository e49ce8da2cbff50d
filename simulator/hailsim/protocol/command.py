"""The subcommands `describe`, `run`, `serve` and `warmup`. Stdout carries only protocol lines."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from hailsim.faults import BadInput, refuse
from hailsim.model.city import City
from hailsim.model.folder import read_city

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
WARMUP_CITY = "manhattan"


def describe_command(argv: list[str]) -> int:
    """Print parameters, metrics, settings and optionally a city as one JSON object."""
    parser = argparse.ArgumentParser("hailsim describe", description="Print parameters, metrics and settings as JSON.")
    parser.add_argument("--city", help="a city folder or a bundled name")
    arguments = parser.parse_args(argv)
    from hailsim.protocol.describe import description  # noqa: PLC0415  importing kernels takes a second

    try:
        city = None if arguments.city is None else read_city(arguments.city)
    except BadInput as bad:
        sys.stderr.write(f"{bad}\n")
        return EXIT_BAD_INPUT
    _write(description(city))
    return 0


def run_command(argv: list[str]) -> int:
    """Simulate one request from a file (`-` for stdin)."""
    parser = argparse.ArgumentParser("hailsim run", description="Simulate one request; JSON lines on stdout.")
    parser.add_argument("--request", required=True, help="a file with one request, or - for stdin")
    arguments = parser.parse_args(argv)
    try:
        text = sys.stdin.read() if arguments.request == "-" else Path(arguments.request).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        _write_error(None, refuse("the request must be a readable file", arguments.request, "--request", f"{error}."))
        return EXIT_BAD_INPUT
    return _handle(text, arguments.request)


def serve_command(argv: list[str]) -> int:
    """Simulate requests from stdin, one per line, until end of file. Invalid requests are answered with an error line."""
    parser = argparse.ArgumentParser("hailsim serve", description="Simulate requests from stdin, one JSON object per line.")
    parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _leave)
    try:
        for number, line in enumerate(sys.stdin, start=1):
            if line.strip():
                _handle(line, f"line {number} of stdin")
    except BrokenPipeError:
        # The reader is gone. Redirect stdout so that the flush at exit does not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def warmup_command(argv: list[str]) -> int:
    """Fill numba's cache by simulating one day, so that later processes start within seconds."""
    parser = argparse.ArgumentParser("hailsim warmup", description="Compile the kernels once so that later starts are fast.")
    parser.add_argument("--city", default=WARMUP_CITY, help=f"a city folder or a bundled name (default {WARMUP_CITY})")
    arguments = parser.parse_args(argv)
    from hailsim.protocol.answer import answer  # noqa: PLC0415

    try:
        for _ in answer(_warmup_request(arguments.city, read_city(arguments.city))):
            pass
    except BadInput as bad:
        sys.stderr.write(f"{bad}\n")
        return EXIT_BAD_INPUT
    return 0


def _warmup_request(name: str, city: City) -> dict[str, Any]:
    first, second = city.first_day, city.first_day + timedelta(days=1)
    return {
        "contract": "1",
        "id": "warmup",
        "city": name,
        "parameters": {"gamma": 0.95},
        "days": [second.isoformat()],
        "seeds": [0],
        "forecast": "statistics",
        "history": {"first": first.isoformat(), "last": first.isoformat()},
        "settings": {},
    }


def _handle(text: str, place: str) -> int:
    """Answer one request on stdout; returns the exit code for this request."""
    # Importing kernels takes a second; `--help` and a wrong file name should not wait for it.
    from hailsim.protocol.answer import answer  # noqa: PLC0415
    from hailsim.protocol.schema import parse_request  # noqa: PLC0415

    request_id: str | None = None
    try:
        request_id = _id_of(text)
        for line in answer(parse_request(text, place)):
            _write(line)
    except BadInput as bad:
        _write_error(request_id, bad)
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        raise
    except OSError as error:
        # A failing disk or mount may recover on retry; a bad request never does.
        _write(_transient(request_id, error, place))
        return EXIT_FAILED
    return 0


def _id_of(text: str) -> str | None:
    """The id of a request that may otherwise be invalid."""
    try:
        message = json.loads(text)
    except ValueError:
        return None
    found = message.get("id") if isinstance(message, dict) else None
    return found if isinstance(found, str) else None


def _transient(request_id: str | None, error: OSError, place: str) -> dict[str, Any]:
    return {
        "type": "error",
        "id": request_id,
        "class": "transient",
        "rule": "files must be readable and the cache writable",
        "value": str(error),
        "place": str(error.filename or place),
        "remedy": "Retry; if the error persists, check the disk and its permissions.",
    }


def _write_error(request_id: str | None, bad: BadInput) -> None:
    from hailsim.protocol.answer import error_lines  # noqa: PLC0415

    _write_all(error_lines(request_id, bad))


def _write_all(lines: Iterator[dict[str, Any]]) -> None:
    for line in lines:
        _write(line)


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n")
    sys.stdout.flush()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
