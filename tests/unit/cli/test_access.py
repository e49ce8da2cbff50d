"""Which requests a server of a home answers: by their Host, the page that sent them, and the secret that comes with them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from cli.local_server.access import Access
from cli.local_server.guard import GuardedServer, guarded_wsgi
from cli.local_server.reports_server import reports_application
from cli.local_server.sign_in import forget_tickets, sign_in_link

ACCESS = Access("tunegate:planted-secret-of-a-home")
UI = "http://127.0.0.1:4200"
PROCESS = {"authorization": ACCESS.authorization}
BROWSER = {"cookie": f"other=1; {ACCESS.session}"}


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"answered {request.url.path}")


async def accept(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


APPLICATION = Starlette(
    routes=[
        WebSocketRoute("/api/events/out", accept),
        WebSocketRoute("/socket", accept),
        Route("/{path:path}", answer, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]),
    ]
)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(GuardedServer(APPLICATION, ACCESS, tickets=tmp_path), base_url=UI)


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost:4200", "127.0.0.1", "localhost:9000"])
def test_our_own_names_are_answered_through_any_forwarded_port(client, host):
    assert client.get("/api/flows", headers={"host": host, **PROCESS}).text == "answered /api/flows"


FOREIGN_HOSTS = """
evil.example evil.example:4200 127.0.0.1.evil.example:4200 127.0.0.1:4200@evil.example localhost. [::1]:4200 127.0.0.2:4200
127.0.0.1: 127.0.0.1:4200# 127.0.0.1:port ü 0.0.0.0:4200
"""


@pytest.mark.parametrize("host", [*FOREIGN_HOSTS.split(), "", "127.0.0.1:4200, evil.example"])
def test_a_name_that_was_pointed_to_this_machine_is_refused(client, host):
    refused = client.get("/api/flows", headers={b"host": host.encode(), **PROCESS})
    assert (refused.status_code, "answered" in refused.text) == (403, False)


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:4201",
        "http://localhost:4200",
        "https://evil.example",
        "null",
        "file://",
        "http://127.0.0.1",
        "http://[",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/api/flows", "/deployments", "/sign-in"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_is_refused_whatever_it_knows(client, origin, path, method):
    refused = client.request(method, path, headers={"origin": origin, **PROCESS, **BROWSER})
    assert (refused.status_code, "answered" in refused.text) == (403, False)
    assert not [name for name in refused.headers if name.startswith("access-control")]


def test_our_own_page_is_answered(client):
    ours = {"origin": UI, "sec-fetch-site": "same-origin"}
    assert client.post("/api/flows", headers={**ours, **PROCESS}).status_code == 200
    assert client.post("/api/flows", headers={**ours, "origin": "http://127.0.0.1:4201", **PROCESS}).status_code == 403


def fetched(site: str, mode: str, destination: str) -> dict[str, str]:
    return {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination, **BROWSER}


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_to_a_page_may_be_followed_and_nothing_else(client, site):
    assert client.get("/runs", headers=fetched(site, "navigate", "document")).status_code == 200
    for mode, destination in (("navigate", "iframe"), ("no-cors", "script"), ("no-cors", "image"), ("cors", "empty")):
        assert client.get("/runs", headers=fetched(site, mode, destination)).status_code == 403
    assert client.post("/runs", headers=fetched(site, "navigate", "document")).status_code == 403
    assert client.get("/api/flows", headers={**fetched(site, "navigate", "document"), **PROCESS}).status_code == 403


def basic(text: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


WRONG = [
    {},
    {"authorization": ""},
    {"authorization": "Basic"},
    {"authorization": "Basic ü"},
    basic("tunegate:wrong"),
    basic(""),
]


@pytest.mark.parametrize(
    "headers", [*WRONG, {"authorization": ACCESS.authorization.replace("Basic", "Bearer")}, {"cookie": "ü=ü"}]
)
@pytest.mark.parametrize(
    "path", ["/", "/api/flows", "/api", "/api/health/", "/api/health/x", "//api/health", "/docs", "/ui-settings"]
)
def test_nothing_is_answered_without_the_secret(client, headers, path):
    encoded = {name: value.encode() for name, value in headers.items()}
    refused = client.get(path, headers=encoded)
    assert (refused.status_code, "answered" in refused.text) == (401, False)


def test_probes_alone_need_neither_name_nor_secret(client):
    for path in ("/api/health", "/api/ready"):
        assert client.get(path, headers={"host": "10.0.0.7:4200"}).status_code == 200
        assert client.post(path, headers={"host": "10.0.0.7:4200"}).status_code == 403


def test_the_cookie_shows_pages_and_opens_no_api(client):
    """A browser sends it to every port of this machine, so that a server of somebody else may see it."""
    assert client.get("/deployments", headers=BROWSER).status_code == 200
    for path in ("/api/flows", "/api", "/%61pi/flows"):
        assert client.get(path, headers=BROWSER).status_code == 401
    name, _, value = ACCESS.session.partition("=")
    for cookie in (f"{name}=", f"{name}={value[:-1]}", f"other={value}", f"{name}={value}x"):
        assert client.get("/deployments", headers={"cookie": cookie}).status_code == 401


def test_no_secret_can_be_read_from_the_cookie_or_from_the_rules():
    assert "planted" not in ACCESS.session + repr(ACCESS)
    assert Access("another").session.partition("=")[0] != ACCESS.session.partition("=")[0]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/events/out", {"origin": "https://evil.example"}),
        ("/api/events/out", {"origin": "http://127.0.0.1:4201"}),
        ("/api/events/out", {"host": "evil.example:4200"}),
        ("/socket", {}),
    ],
)
def test_a_websocket_of_a_foreign_page_or_without_the_secret_is_never_opened(client, path, headers):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(path, headers={"host": "127.0.0.1:4200", **headers}):
        pass


def test_a_websocket_of_our_processes_is_opened(client):
    with client.websocket_connect("/api/events/out", headers={"host": "127.0.0.1:4200"}):
        pass


def ticket_of(link: str) -> str:
    return link.partition("#")[2]


def test_a_link_signs_one_browser_in_once(client, tmp_path):
    link = sign_in_link(tmp_path, UI)
    page = client.get("/sign-in")
    assert page.status_code == 200
    assert "script-src 'sha256-" in page.headers["content-security-policy"]
    signed_in = client.post("/sign-in", content=ticket_of(link), headers={"origin": UI, "sec-fetch-site": "same-origin"})
    assert signed_in.json() == {"password": ACCESS.authorization.removeprefix("Basic ")}
    cookie = signed_in.headers["set-cookie"]
    assert cookie.startswith(ACCESS.session)
    assert {"HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
    again = client.post("/sign-in", content=ticket_of(link))
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)
    assert "tunegate sign-in" in again.text


@pytest.mark.parametrize("ticket", ["", "../secret", "x" * 10_000, "\udcff", "../" * 40 + "etc/passwd"])
def test_a_made_up_ticket_signs_nobody_in(client, tmp_path, ticket):
    (tmp_path / "secret").write_text("kept")
    sign_in_link(tmp_path, UI)
    refused = client.post("/sign-in", content=ticket.encode(errors="surrogateescape"))
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    assert (tmp_path / "secret").read_text() == "kept"
    assert len(list((tmp_path / "sign-in").iterdir())) == 1


def test_links_of_an_earlier_start_are_worthless(client, tmp_path):
    link = sign_in_link(tmp_path, UI)
    forget_tickets(tmp_path)
    assert client.post("/sign-in", content=ticket_of(link)).status_code == 403


def test_a_ticket_is_kept_as_its_digest_in_a_private_file(tmp_path):
    link = sign_in_link(tmp_path, UI)
    (file,) = (tmp_path / "sign-in").iterdir()
    assert ticket_of(link) not in file.name + file.read_text()
    assert [path.stat().st_mode & 0o777 for path in (file.parent, file)] == [0o700, 0o600]


def test_no_page_can_be_shown_inside_another(client):
    for headers in (BROWSER, {}):
        assert client.get("/runs", headers=headers).headers["x-frame-options"] == "DENY"
    assert client.get("/sign-in").headers["x-frame-options"] == "DENY"


@pytest.fixture
def reports(tmp_path: Path) -> TestClient:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "index.html").write_text("the index")
    (tmp_path / "private.txt").write_text("private")
    (folder / "link.html").symlink_to(tmp_path / "private.txt")
    (folder / "campaigns").mkdir()
    return TestClient(reports_application(folder, ACCESS), base_url="http://127.0.0.1:4202")


def test_reports_are_shown_to_signed_in_browsers_alone(reports):
    assert reports.get("/index.html", headers=BROWSER).text == "the index"
    assert reports.get("/index.html").status_code == 401
    assert reports.get("/index.html", headers={**BROWSER, "origin": "http://127.0.0.1:4200"}).status_code == 403
    assert reports.post("/index.html", headers=BROWSER).status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/../private.txt", "/%2e%2e/private.txt", "/..%2fprivate.txt", "/link.html", "//etc/passwd", "/campaigns/", "/campaigns"],
)
def test_nothing_outside_the_folder_of_reports_is_shown_and_no_listing(reports, path):
    shown = reports.get(path, headers=BROWSER, follow_redirects=False)
    assert (shown.status_code >= 300, "private" in shown.text) == (True, False)


def ask_wsgi(method: str, headers: dict[str, str]) -> str:
    """The status of a studies server's answer."""
    seen: list[str] = []

    def studies(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return [b"studies"]

    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/api/studies", "HTTP_HOST": "127.0.0.1:4201"}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    guarded_wsgi(studies, ACCESS)(environ, lambda status, _headers: seen.append(status[:3]))
    return seen[0]


def test_studies_are_shown_to_signed_in_browsers_and_changed_by_nobody():
    assert ask_wsgi("GET", BROWSER) == "200"
    assert ask_wsgi("GET", {}) == "401"
    assert ask_wsgi("GET", {**BROWSER, "host": "evil.example"}) == "403"
    assert ask_wsgi("GET", {**BROWSER, "origin": "http://127.0.0.1:4200"}) == "403"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert ask_wsgi(method, {**BROWSER, **PROCESS}) == "405"
