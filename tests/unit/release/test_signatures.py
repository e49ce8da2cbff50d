"""SSH signatures and signed statements: ours and OpenSSH's are the same, and nothing else holds."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import pytest

from tunegate.adapters.local.ssh_keys import home_key, public_file, sign
from tunegate.domain.errors import BadInput
from tunegate.domain.signed_statements import SignedStatement
from tunegate.release.people import same_person
from tunegate.release.ssh_signature import NAMESPACE, BadSignature, InvalidKey, read_public_key, verify

MESSAGE = b"let it into production"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return home_key(tmp_path)


def public(key: Path) -> str:
    return public_file(key).read_text()


def by_openssh(key: Path, message: bytes, namespace: str = NAMESPACE) -> str:
    command = [which("ssh-keygen"), "-Y", "sign", "-n", namespace, "-f", str(key)]
    return subprocess.run(command, input=message, capture_output=True, check=True).stdout.decode()


def test_ours_is_the_signature_that_ssh_keygen_makes_and_both_verify_it(key: Path, tmp_path: Path) -> None:
    ours = sign(MESSAGE, public(key), key)
    assert ours == by_openssh(key, MESSAGE), "ed25519 is deterministic"
    verify(ours, MESSAGE, public(key))
    (tmp_path / "signers").write_text(f"ada {public(key)}")
    (tmp_path / "signature").write_text(ours)
    command = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        tmp_path / "signers",
        "-I",
        "ada",
        "-n",
        NAMESPACE,
        "-s",
        tmp_path / "signature",
    ]
    assert subprocess.run(command, input=MESSAGE, capture_output=True, check=False).returncode == 0


def test_another_text_key_or_purpose_does_not_hold(key: Path, tmp_path: Path) -> None:
    signature = sign(MESSAGE, public(key), key)
    with pytest.raises(BadSignature, match="another key or another text"):
        verify(signature, MESSAGE + b"!", public(key))
    with pytest.raises(BadSignature):
        verify(signature, MESSAGE, public(home_key(tmp_path / "other")))
    with pytest.raises(BadSignature):
        verify(by_openssh(key, MESSAGE, "file"), MESSAGE, public(key))


@pytest.mark.parametrize("garbage", ["", "yes", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"])
def test_what_is_no_signature_is_refused(key: Path, garbage: str) -> None:
    with pytest.raises(BadSignature):
        verify(garbage, MESSAGE, public(key))


def test_every_flipped_bit_of_a_signature_is_noticed(key: Path) -> None:
    signature = sign(MESSAGE, public(key), key)
    head, body, tail = signature.partition("\n")[0], signature.split("\n")[1:-2], signature.split("\n")[-2]
    text = "".join(body)
    for place in range(0, len(text.rstrip("=")) - 1, 7):
        other = "A" if text[place] != "A" else "B"
        with pytest.raises(BadSignature):
            verify("\n".join([head, text[:place] + other + text[place + 1 :], tail, ""]), MESSAGE, public(key))


@pytest.mark.parametrize("text", ["", "ada", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2E="])
def test_a_key_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(InvalidKey):
        read_public_key(text)


def test_a_key_with_a_passphrase_that_is_not_given_and_another_file_say_what_to_do(key: Path, tmp_path: Path) -> None:
    other = home_key(tmp_path / "other")
    with pytest.raises(BadInput, match="the key must be the one that the reviewed file lists"):
        sign(MESSAGE, public(key), other)


def test_an_agent_signs(key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = subprocess.run([which("ssh-agent"), "-s", "-a", tmp_path / "agent"], capture_output=True, text=True, check=True)
    pid = started.stdout.split("SSH_AGENT_PID=")[1].split(";")[0]
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    monkeypatch.setenv("SSH_AGENT_PID", pid)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    try:
        subprocess.run([which("ssh-add"), key], capture_output=True, check=True)
        signature = sign(MESSAGE, public(key), None)
        subprocess.run([which("ssh-add"), "-D"], capture_output=True, check=True)
        with pytest.raises(BadInput, match="the private key of the approver must be at hand"):
            sign(MESSAGE, public(key), None)
    finally:
        subprocess.run([which("ssh-agent"), "-k"], capture_output=True, check=True)
    verify(signature, MESSAGE, public(key))


def test_the_home_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    first = home_key(tmp_path)
    assert public(first) == public(home_key(tmp_path))
    assert first.stat().st_mode & 0o777 == 0o600
    assert first.parent.stat().st_mode & 0o777 == 0o700


def test_a_line_to_paste_survives_spaces_and_line_breaks_and_nothing_else_is_taken(key: Path) -> None:
    statement = {"signed_at": "2026-06-01T12:00:00+00:00", "reason": "Grüße", "later": {"field": 1}}
    signed = SignedStatement(statement, sign(MESSAGE, public(key), key))
    line = signed.as_line()
    assert SignedStatement.from_line(f"  {line[:50]}\n {line[50:]}\n") == signed
    for garbage in ("", "yes please", line[:-7], "e30=", "W10=", "bnVsbA=="):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever is said of it
            SignedStatement.from_line(garbage)


def test_names_are_one_person_whatever_their_case_spaces_and_encoding() -> None:
    assert same_person("Ada  Lovelace", " ada lovelace ")
    assert same_person("Zo\u00eb", "Zoe\u0308")
    assert same_person("\uff21da", "ada")
    assert same_person("STRASSE", "straße")
    assert not same_person("ada", "adam")
