"""Settings of Prefect: ours alone for our own servers, and one clear error for a server that somebody else names."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.local_server.own_settings import client_settings, own_settings
from cli.local_server.server import require_configured_server
from cli.main import main
from tunegate.domain.errors import BadInput


def test_settings_of_prefect_are_ours_inside_and_as_they_were_afterwards(monkeypatch):
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "LOUD")
    monkeypatch.setenv("prefect_api_url", "odd")
    monkeypatch.setenv("PREFECT_API_URL", "theirs")
    before = dict(os.environ)
    with own_settings({"PREFECT_API_URL": "ours", "TUNEGATE_X": "1"}):
        of_prefect = {name: value for name, value in os.environ.items() if name.upper().startswith("PREFECT_")}
    assert of_prefect == {"PREFECT_API_URL": "ours"}
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("given", "direct"),
    [("", "127.0.0.1,localhost"), ("example.org", "example.org,127.0.0.1,localhost"), ("localhost", "localhost,127.0.0.1")],
)
def test_this_machine_is_never_asked_through_a_proxy(tmp_path, monkeypatch, given, direct):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", given)
    settings = client_settings(tmp_path, "http://127.0.0.1:4200/api")
    assert settings["NO_PROXY"] == settings["no_proxy"] == direct


@contextmanager
def server(status: int, body: bytes, wanted: str | None = None) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status if self.headers["authorization"] == wanted else 401)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{running.server_port}/api"
        finally:
            running.shutdown()


def refusal() -> str:
    with pytest.raises(BadInput) as caught:
        require_configured_server()
    return str(caught.value)


@pytest.mark.services
def test_a_server_that_somebody_names_is_asked_first(monkeypatch):
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    monkeypatch.delenv("PREFECT_API_KEY", raising=False)
    with server(200, b"12") as api:
        monkeypatch.setenv("PREFECT_API_URL", f"{api}/")
        require_configured_server()
    with server(200, b"<html>") as api:
        monkeypatch.setenv("PREFECT_API_URL", api)
        assert "another answer than Prefect's" in refusal()
    with server(404, b"") as api:
        monkeypatch.setenv("PREFECT_API_URL", api)
        assert "HTTP 404" in refusal()
    with server(200, b"12", wanted="Basic YTpi") as api:
        monkeypatch.setenv("PREFECT_API_URL", api)
        assert "Set PREFECT_API_AUTH_STRING" in refusal()
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "a:b")
        require_configured_server()


@pytest.mark.parametrize(
    "api",
    [
        "http://127.0.0.1:9/api",
        "nonsense",
        "http://",
        "http://[",
        "file:///etc/passwd",
        "http://ada:planted@127.0.0.1:9/api",
        "ftp://x",
    ],
)
def test_an_address_at_which_nothing_answers_is_one_error_without_a_secret(monkeypatch, api):
    monkeypatch.setenv("PREFECT_API_URL", api)
    said = refusal()
    assert said.startswith("PREFECT_API_URL: a Prefect server must answer at this address")
    assert "planted" not in said


def test_retune_says_so_before_a_campaign_is_begun(tmp_path: Path, monkeypatch, capsys):
    from tests.flows.conftest import Installation

    config = Installation(tmp_path).region_file()
    monkeypatch.setenv("TUNEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert main(["retune", str(config)]) == 2
    assert "PREFECT_API_URL" in capsys.readouterr().err
    assert main(["retune", str(config), "--resume"]) == 2


READ = """
import sys
from pathlib import Path
from cli.local_server.own_settings import client_settings, import_prefect, own_settings
home = Path(sys.argv[1])
with own_settings(client_settings(home, "http://127.0.0.1:4200/api")):
    import_prefect(home)
    from prefect.settings import get_current_settings
    read = get_current_settings()
    user, server = read.api.auth_string.get_secret_value().split(":")[0], read.server.api
    print(read.api.url, user, server.base_path, server.auth_string, read.logging.level, Path.cwd())
"""
PREFECT_TOML = '[api]\nurl = "http://127.0.0.1:9/api"\n[server.api]\nauth_string = "admin:pass"\nbase_path = "/toml"\n'
DOT_ENV = "PREFECT_SERVER_API_BASE_PATH=/prefect/api\nPREFECT_LOGGING_LEVEL=LOUD\nPREFECT_PROFILES_PATH=profiles.toml\n"
PROFILES = 'active = "work"\n[profiles.work]\nPREFECT_API_URL = "http://nowhere"\nPREFECT_SERVER_API_BASE_PATH = "/x"\n'
OF_WORK = {"PREFECT_HOME": ".", "PREFECT_PROFILES_PATH": "profiles.toml", "PREFECT_PROFILE": "work"}
SURROUNDINGS = {
    "toml": ({"prefect.toml": PREFECT_TOML}, {}),
    "a file that is none": ({"pyproject.toml": "[tool.prefect\n"}, {}),
    "dotenv": ({".env": DOT_ENV, "profiles.toml": PROFILES}, {}),
    "profile": (
        {"profiles.toml": PROFILES},
        {"PREFECT_HOME": ".", "PREFECT_PROFILES_PATH": "profiles.toml", "PREFECT_PROFILE": "work"},
    ),
    "environment": ({}, {"PREFECT_SERVER_API_AUTH_STRING": "admin:pass", "PREFECT_LOGGING_LEVEL": "LOUD"}),
}


@pytest.mark.parametrize(("files", "environment"), SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_prefect_reads_nothing_that_another_project_left(tmp_path, files, environment):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    theirs = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    command = [sys.executable, "-P", "-c", READ, str(tmp_path / "home")]
    ran = subprocess.run(
        command, cwd=tmp_path, env={**theirs, **environment}, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.stdout == f"http://127.0.0.1:4200/api tunegate None None INFO {tmp_path}\n", ran.stderr[-1500:]
