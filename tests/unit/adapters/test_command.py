"""A command is found where people expect it, and a missing one says what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tunegate.adapters.simulator.command import resolve_command, simulator_environment
from tunegate.domain.errors import BadInput


@pytest.fixture
def place_program(tmp_path):
    """Puts a program of this name into a folder, and gives its path."""

    def place(folder: str, name: str = "simulate-it", mode: int = 0o755) -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(mode)
        return path

    return place


def test_a_name_is_looked_up_on_the_path_first(place_program, monkeypatch):
    on_path = place_program("bin")
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.setattr(sys, "executable", str(place_program("venv").parent / "python"))
    assert resolve_command(["simulate-it", "--fast"]) == (str(on_path), "--fast")


def test_a_program_of_an_environment_that_is_not_activated_is_found_beside_python(place_program, monkeypatch):
    beside = place_program("venv")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(beside.parent / "python"))
    assert resolve_command(["simulate-it"]) == (str(beside),)


def test_a_relative_path_becomes_absolute(place_program, monkeypatch):
    path = place_program("here")
    monkeypatch.chdir(path.parent)
    assert resolve_command(["./simulate-it"]) == (str(path),)


@pytest.mark.parametrize("command", [[], [""]])
def test_an_empty_command_is_refused(command):
    with pytest.raises(BadInput, match=r"simulator\.command: a simulator command must name a program"):
        resolve_command(command)


def test_each_kind_of_missing_program_has_its_remedy(place_program, monkeypatch):
    with pytest.raises(BadInput, match="nothing executable is on PATH or beside this Python"):
        resolve_command(["no-such-simulator"])
    with pytest.raises(BadInput, match="nothing executable is there"):
        resolve_command(["./no-such-simulator"])
    script = place_program("here", "toy.py", mode=0o644)
    monkeypatch.chdir(script.parent)
    with pytest.raises(BadInput, match=r"Name its interpreter: \[python, \./toy\.py\]"):
        resolve_command(["./toy.py"])
    place_program("here", "toy.awk", mode=0o644)
    with pytest.raises(BadInput, match=r"write \[\./toy\.awk\] after chmod \+x"):
        resolve_command(["./toy.awk"])
    with pytest.raises(BadInput, match=r"write \[\./toy\.awk\]"):
        resolve_command(["toy.awk"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFECT_API_KEY", "x"),
        ("SLACK_WEBHOOK", "https://hooks/x"),
        ("DB_PASSWORD", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("GITHUB_TOKEN", "x"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "key.json"),
        ("PREFECT_API_DATABASE_CONNECTION_URL", "x"),
        ("PREFECT_API_URL", "http://127.0.0.1:4200/api"),
        ("TUNEGATE_DATABASE_URL", "mysql+pymysql://db/tunegate"),
        ("TUNEGATE_HOME", "/home/me/.tunegate"),
        ("SSH_AUTH_SOCK", "/run/agent"),
        ("MYSQL_PWD", "x"),
        ("MIRROR", "https://user:pass@mirror/simple"),
    ],
)
def test_variables_that_look_secret_are_withheld(name, value):
    environment = {name: value, "PATH": "/bin", "NUMBA_CACHE_DIR": "/cache", "KEYBOARD": "jp", "URL": "https://host:80/a@b"}
    assert simulator_environment(environment).keys() == environment.keys() - {name}
