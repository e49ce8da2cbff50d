"""A Slack webhook on this machine: keeps what it is told, and can be as dead as the real one at its worst."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WEBHOOK_PATH = "/services/T000/B000/planted-secret-webhook"


@dataclass
class Slack:
    """Where the webhook is, what came in, and how often it refused.

    `status` is what it answers; `silence_s` how long it says nothing before.
    """

    url: str = ""
    messages: list[str] = field(default_factory=list)
    refused: int = 0
    status: int = 200
    silence_s: float = 0.0

    def wait_for(self, words: str, retry_for_s: float = 30.0) -> str:
        """The first message that holds these words. Fails when none comes."""
        deadline = time.monotonic() + retry_for_s
        while time.monotonic() < deadline:
            found = next((message for message in self.messages if words in message), None)
            if found is not None:
                return found
            time.sleep(0.1)
        raise AssertionError(f"nobody said {words!r}; said was {self.messages}")


@contextmanager
def slack_server() -> Iterator[Slack]:
    """A webhook that listens inside `with`."""
    slack = Slack()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(slack.silence_s)
            if self.path == WEBHOOK_PATH and slack.status == 200:
                slack.messages.append(json.loads(body)["text"])
            else:
                slack.refused += 1
            with suppress(ConnectionError):  # Who waited for the silence to end may be gone.
                self.send_response(slack.status if self.path == WEBHOOK_PATH else 404)
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    server.daemon_threads = True
    server.block_on_close = False
    slack.url = f"http://127.0.0.1:{server.server_port}{WEBHOOK_PATH}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
