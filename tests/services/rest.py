"""A small HTTP server for stand-ins of Google's REST APIs, which can be away for a while or lose its answers.

It runs in threads of the test's own process; programs under test reach it at `url` as they would reach Google.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """What a client sent. `path` keeps its percent escapes: `/` in the name of an object is `%2F` there."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: object, status: int = 200) -> Answer:
        return cls(json.dumps(document).encode(), status, {"Content-Type": "application/json; charset=UTF-8"})


class Refused(Exception):
    """The request ends with an error in Google's form."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status, self.reason, self.message = status, reason, message
        super().__init__(message)

    def answer(self) -> Answer:
        error = {"reason": self.reason, "message": self.message, "domain": "global"}
        return Answer.of({"error": {"code": self.status, "message": self.message, "errors": [error]}}, self.status)


@dataclass
class _Losing:
    """Answers that get lost after their work is done."""

    method: str
    part: str
    left: int


class RestService:
    """Serves `handle` on a free port of the loopback interface until `close`. `asked` lists every request, in order."""

    def __init__(self, handle: Callable[[Request], Answer]) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._losing: list[_Losing] = []
        self._away_until = 0.0
        self.asked: list[tuple[str, str]] = []
        self.turned_away = 0
        self.lost = 0
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def away_for(self, seconds: float) -> None:
        """Answer 503 to everything from now on for so long."""
        self._away_until = time.monotonic() + seconds

    def lose_answers(self, method: str, part: str, times: int = 1) -> None:
        """Do what the next such requests ask (`part` is in their path), and cut the connection instead of answering."""
        with self._lock:
            self._losing.append(_Losing(method, part, times))

    def answer(self, request: Request) -> Answer | None:
        """What the client gets; None: nothing, and a closed connection."""
        with self._lock:
            self.asked.append((request.method, request.path))
        if time.monotonic() < self._away_until:
            self.turned_away += 1
            return Refused(503, "backendError", "The service is currently unavailable.").answer()
        try:
            answer = self._handle(request)
        except Refused as refused:
            return refused.answer()
        return None if self._loses(request) else answer

    def _loses(self, request: Request) -> bool:
        with self._lock:
            for losing in self._losing:
                if losing.left and losing.method == request.method and losing.part in request.path:
                    losing.left -= 1
                    self.lost += 1
                    return True
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, or was killed, is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(service: RestService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            answer = service.answer(Request(self.command, parts.path, query, self.headers, body))
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    return Handler
