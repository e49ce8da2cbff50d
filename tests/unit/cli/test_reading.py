"""Commands that read leave no trace, and a mistyped command line is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is not there."""
    monkeypatch.setenv("TUNEGATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("registry list", 0),
        ("registry show toyville", 2),
        ("registry diff toyville", 2),
        ("registry history toyville", 0),
        ("registry history toyville --json", 0),
        ("verdict list toyville", 0),
        ("verdict show abcdef", 2),
        ("verdict replay abcdef", 2),
        ("ledger toyville", 0),
        ("ledger toyville --json", 0),
        ("routes abcdef", 2),
    ],
)
def test_reading_a_home_that_is_not_there_creates_nothing(home: Path, command: str, code: int) -> None:
    assert main(command.split()) == code
    assert not home.exists()


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("retnue", "error: No such command 'retnue'. Did you mean 'retune'? See `tunegate --help`.\n"),
        ("registry lsit", "error: No such command 'lsit'. Did you mean 'list'? See `tunegate registry --help`.\n"),
        ("ledger toyville --jsno", "error: No such option: --jsno (Possible options: --json). See `tunegate ledger --help`.\n"),
        ("retune", "error: Missing argument 'CONFIG'. See `tunegate retune --help`.\n"),
        ("approve abcdef --approver ada", "error: Missing option '--reason'. See `tunegate approve --help`.\n"),
        ("registry", "error: Missing command. See `tunegate registry --help`.\n"),
        ("", "error: Missing command. See `tunegate --help`.\n"),
    ],
)
def test_a_mistyped_command_line_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], command: str, line: str
) -> None:
    assert main(command.split()) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", line)
