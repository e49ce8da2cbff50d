"""Signing with a person's SSH key: from its file, by `ssh-keygen`, or with the agent; and the key of an installation itself."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from tunegate.adapters.local.file_lock import FileLock
from tunegate.domain.errors import BadInput, Fault
from tunegate.release.ssh_signature import NAMESPACE, same_key, signature_of

USUAL_KEY = Path("~/.ssh/id_ed25519")


def home_key(home: Path) -> Path:
    """The private key of an installation, made on first use; the public one stands beside it with `.pub` at its end."""
    path = home / "keys" / "approver"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(path.with_name("making.lock")).acquire():
        if not public_file(path).exists():
            key = Ed25519PrivateKey.generate()
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
            public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
            public_file(path).write_text(f"{public} tunegate home\n", encoding="utf-8")
    return path


def public_file(path: Path) -> Path:
    """Where the public key of a private key's file stands."""
    return path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")


def sign(message: bytes, public_key: str, path: Path | None) -> str:
    """The armoured signature by the person of this public key.

    The private key is in the file `path`, else in the usual one, else with the agent. Raises BadInput where there is none, or
    where the file holds another key.
    """
    file = path if path is not None else USUAL_KEY.expanduser()
    key = _plain_key(file)
    if key is not None:
        own = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        if same_key(own, public_key):
            return signature_of(message, key.public_key(), key.sign)
        if path is not None:
            rule = "the key must be the one that the reviewed file lists for the approver"
            raise BadInput(Fault(rule, own, str(path), "Name another file with --key, or ask for the list to be changed."))
    protected = file if key is None and file.exists() else None
    return _sign_by_program(message, public_key, protected)


def _plain_key(file: Path) -> Ed25519PrivateKey | None:
    """The key of a file without a passphrase; None where `ssh-keygen` has to ask for one, or there is no such key."""
    try:
        key = load_ssh_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None


def _sign_by_program(message: bytes, public_key: str, file: Path | None) -> str:
    """With `ssh-keygen`, which asks for the passphrase of `file`, or takes the key from the agent."""
    remedy = "Name the file of your key with --key, or add it to the agent: ssh-add."
    with tempfile.TemporaryDirectory() as folder:
        public = Path(folder) / "key.pub"
        public.write_text(f"{public_key}\n", encoding="utf-8")
        command = ["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", str(public if file is None else file)]
        try:
            ran = subprocess.run(command, input=message, capture_output=True, check=False)
        except FileNotFoundError as error:
            rule = "a key with a passphrase, or of an agent, needs ssh-keygen"
            raise BadInput(Fault(rule, "no such program", "PATH", "Install OpenSSH's client.")) from error
    if ran.returncode != 0:
        found = ran.stderr.decode(errors="replace").strip() or f"exit code {ran.returncode}"
        raise BadInput(Fault("the private key of the approver must be at hand", found, str(file or "the SSH agent"), remedy))
    return ran.stdout.decode()
