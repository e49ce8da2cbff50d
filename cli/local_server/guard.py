"""The rules of access in front of a server: around an ASGI application, and around a WSGI application."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cli.local_server.access import API, SESSION_S, Access, Refusal, Request
from cli.local_server.sign_in import SIGN_IN, redeem

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_PAGE = Path(__file__).with_name("sign_in.html").read_text(encoding="utf-8")
_SCRIPT = re.findall(r"<script>(.*?)</script>", _PAGE, re.DOTALL)[0]
_SCRIPT_DIGEST = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_PAGE_POLICY = f"default-src 'none'; script-src 'sha256-{_SCRIPT_DIGEST}'; connect-src 'self'; frame-ancestors 'none'"
# No page of ours may be shown inside another, where a click could be stolen, or tell other sites which page it is.
_HEADERS = {"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
_LONGEST_TICKET = 200
_FORBIDDEN_UPGRADE = 1008


class GuardedServer:
    """An ASGI application of which only those see anything whom the rules let in.

    `tickets` is the home whose links sign browsers in here, if any. `public_pages`: everything but the API is for everybody,
    which is for the server of a team, whose UI is a program without data and asks for the password itself.
    """

    def __init__(
        self, application: ASGIApp, access: Access, *, tickets: Path | None = None, public_pages: bool = False
    ) -> None:
        self._application = application
        self._access = access
        self._tickets = tickets
        self._public_pages = public_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._application(scope, receive, send)
            return
        request = _request(scope)
        refusal = self._access.foreign(request)
        if refusal is None and self._tickets is not None and request.path == SIGN_IN and not request.is_websocket:
            await (await self._sign_in(HttpRequest(scope, receive), self._tickets))(scope, receive, send)
            return
        refusal = refusal or self._unauthorized(request)
        if refusal is None:
            await self._application(scope, receive, _with_headers(send))
        elif request.is_websocket:
            await send({"type": "websocket.close", "code": _FORBIDDEN_UPGRADE, "reason": refusal.reason})
        else:
            await PlainTextResponse(refusal.reason, refusal.status, _HEADERS)(scope, receive, send)

    def _unauthorized(self, request: Request) -> Refusal | None:
        is_api = f"{request.path}/".startswith(API)
        if request.is_websocket and is_api:
            return None  # Prefect asks for the secret in the first message; its clients send no header.
        if self._public_pages and not is_api:
            return None
        return self._access.unauthorized(request, cookie=not is_api)

    async def _sign_in(self, request: HttpRequest, home: Path) -> Response:
        match request.method:
            case "GET":
                return HTMLResponse(_PAGE, headers={**_HEADERS, "Content-Security-Policy": _PAGE_POLICY})
            case "POST":
                return await self._redeem(request, home)
            case _:
                return PlainTextResponse("Method not allowed.", HTTPStatus.METHOD_NOT_ALLOWED, _HEADERS)

    async def _redeem(self, request: HttpRequest, home: Path) -> Response:
        ticket = bytearray()
        async for part in request.stream():
            ticket += part
            if len(ticket) > _LONGEST_TICKET:
                break
        if not await run_in_threadpool(redeem, home, ticket.decode(errors="replace")):
            reason = "This link was used before, or is older than the server. `tunegate sign-in` prints a new one."
            return PlainTextResponse(reason, HTTPStatus.FORBIDDEN, _HEADERS)
        # What Prefect's UI keeps of a password that somebody types is its base64.
        answer = JSONResponse({"password": self._access.authorization.removeprefix("Basic ")}, headers=_HEADERS)
        name, value = self._access.session.split("=")
        answer.set_cookie(name, value, max_age=SESSION_S, httponly=True, samesite="lax")
        return answer


def guarded_wsgi(application: WSGIApplication, access: Access) -> WSGIApplication:
    """A WSGI application that only those see whom the rules let in, and that only shows: requests that change are refused."""

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = tuple((key[5:].replace("_", "-").lower(), str(value)) for key, value in environ.items() if key[:5] == "HTTP_")
        request = Request(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), headers)
        refusal = access.foreign(request) or access.unauthorized(request)
        if refusal is None and request.method not in {"GET", "HEAD"}:
            refusal = Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Studies are shown here and cannot be changed.")
        if refusal is None:
            return application(environ, start_response)
        status = HTTPStatus(refusal.status)
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8"), *_HEADERS.items()])
        return [refusal.reason.encode()]

    return guarded


def _request(scope: Scope) -> Request:
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
    return Request(scope.get("method", "GET"), scope["path"], headers, is_websocket=scope["type"] == "websocket")


def _with_headers(send: Send) -> Send:
    """Add our headers to the answer where the application has none of that name."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            ours = ((name.lower().encode(), value.encode()) for name, value in _HEADERS.items())
            message = {**message, "headers": [*message["headers"], *(each for each in ours if each[0] not in there)]}
        await send(message)

    return sending
