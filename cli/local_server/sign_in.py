"""Signing a browser in without a password: a link that works once, printed by `tunegate up` and `tunegate sign-in`.

The link holds a ticket behind its `#`, which no browser sends and no log has. A file named by the ticket's digest says that it
is good; the first who uses the ticket removes the file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from cli.local_server.home_secret import make_private

SIGN_IN = "/sign-in"
_FOLDER = "sign-in"


def sign_in_link(home: Path, ui: str) -> str:
    """A new link to the UI at this address that signs one browser in. Raises BadInput where the home is not ours."""
    make_private(home / _FOLDER)
    ticket = secrets.token_urlsafe(32)
    os.close(os.open(_file(home, ticket), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    return f"{ui}{SIGN_IN}#{ticket}"


def redeem(home: Path, ticket: str) -> bool:
    """Whether this ticket was good; it is not afterwards."""
    try:
        _file(home, ticket).unlink()
    except FileNotFoundError:
        return False
    return True


def forget_tickets(home: Path) -> None:
    """Make every link worthless that was not used."""
    for path in (home / _FOLDER).glob("*"):
        path.unlink(missing_ok=True)


def _file(home: Path, ticket: str) -> Path:
    return home / _FOLDER / hashlib.sha256(ticket.encode()).hexdigest()
