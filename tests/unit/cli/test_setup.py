from __future__ import annotations

import pytest

from cli.main import main

PLANTED = "not-an-address-but-a-planted-secret"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that nobody would reach: every fault must come before it is asked."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.delenv("TUNEGATE_SLACK_WEBHOOK_URL", raising=False)


def test_setup_wants_to_be_told_which_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("PREFECT_API_URL")
    assert main(["setup"]) == 2
    assert "a Prefect server must be named" in capsys.readouterr().err


def test_what_is_no_address_of_a_webhook_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNEGATE_SLACK_WEBHOOK_URL", PLANTED)
    assert main(["setup"]) == 2
    printed = capsys.readouterr()
    assert "TUNEGATE_SLACK_WEBHOOK_URL" in printed.err
    assert PLANTED not in printed.err + printed.out


@pytest.mark.parametrize("place", ["results", "s3://bucket/prefix", "gs://"])
def test_results_go_to_a_bucket_or_nowhere(capsys: pytest.CaptureFixture[str], place: str) -> None:
    assert main(["setup", "--results", place]) == 2
    assert capsys.readouterr().out == ""
