"""What stands in the way of `tunegate up` is said before anything is started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cli.local_server import child_processes as children
from cli.local_server.running_instance import InstanceAddresses, hold_instance_lock
from cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, in which nothing may be started."""

    def started(*_: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setenv("TUNEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(children, "start", started)
    return tmp_path / "home"


@pytest.mark.services
def test_each_of_the_three_ports_must_be_free(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for first in (port, port - 1, port - 2):
            assert main(["up", "--port", str(first)]) == 2
            assert "--port" in capsys.readouterr().err


def test_reports_in_a_bucket_are_not_shown_by_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TUNEGATE_REPORTS_URL", "gs://team/reports")
    assert main(["up"]) == 2
    assert "TUNEGATE_REPORTS_URL" in capsys.readouterr().err


def test_it_asks_about_no_verdict_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--ask", "ffffff"]) == 2
    assert "verdict" in capsys.readouterr().err


def test_a_second_one_is_told_where_the_first_is_and_not_of_its_port(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running = InstanceAddresses("http://127.0.0.1:4200", "a", "d", "p")
    with hold_instance_lock(home / "prefect", running):
        assert main(["up"]) == 2
    assert "one at http://127.0.0.1:4200" in capsys.readouterr().err
