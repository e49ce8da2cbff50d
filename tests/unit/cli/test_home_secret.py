"""The secret of a home: made once, private, and refused where it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.local_server.home_secret import home_secret
from tunegate.domain.errors import BadInput

MAKE = """
import sys
from pathlib import Path
from cli.local_server.home_secret import home_secret
print(home_secret(Path(sys.argv[1])))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home" / "server"


def test_it_is_made_once_and_long(home):
    secret = home_secret(home)
    assert home_secret(home) == secret
    assert len(secret) > 40
    assert home_secret(home.with_name("other")) != secret


def test_nobody_else_can_read_it_whatever_the_umask(home):
    before = os.umask(0)
    try:
        home_secret(home)
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (home, home / "secret")] == [0o700, 0o600]
    assert [path.name for path in home.iterdir()] == ["secret"]


def test_a_home_that_others_could_enter_is_closed(home):
    home.mkdir(parents=True)
    home.chmod(0o777)
    home_secret(home)
    assert home.stat().st_mode & 0o777 == 0o700


def test_processes_that_start_at_the_same_time_agree(home):
    makers = [subprocess.Popen([sys.executable, "-c", MAKE, str(home)], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert {maker.communicate(timeout=120)[0].strip() for maker in makers} == {home_secret(home)}


def refusal(home: Path) -> str:
    with pytest.raises(BadInput) as caught:
        home_secret(home)
    return str(caught.value)


def test_a_symbolic_link_in_its_place_is_not_followed(home, tmp_path):
    home_secret(home)
    (home / "secret").rename(tmp_path / "elsewhere")
    (home / "secret").symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in refusal(home)
    (tmp_path / "elsewhere").unlink()
    assert "symbolic link" in refusal(home)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_use_is_refused(home, mode):
    secret = home_secret(home)
    (home / "secret").chmod(mode)
    said = refusal(home)
    assert f"{mode:04o}" in said
    assert secret not in said


def test_a_pipe_in_its_place_does_not_make_it_wait(home):
    home.mkdir(parents=True)
    os.mkfifo(home / "secret", 0o600)
    assert "no regular file" in refusal(home)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 40 + b"\n", b"x" * 40 + b"\xff", b"x" * 40 + b"\0"])
def test_what_is_no_secret_is_refused(home, content):
    home.mkdir(parents=True)
    (home / "secret").write_bytes(content)
    (home / "secret").chmod(0o600)
    assert "something else" in refusal(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to give a file to somebody else")
def test_a_file_of_somebody_else_is_refused(home):
    home_secret(home)
    os.chown(home / "secret", 65534, 65534)
    assert "user 65534" in refusal(home)
