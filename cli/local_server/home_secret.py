"""The secret of a home: whoever knows it may use the servers of that home.

It is a file that only its owner can read. Processes read it from there or inherit it; it is on no command line and in no log.
Deleting the file ends every signed-in browser at the next start.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

from tunegate.domain.errors import BadInput, Fault

_FILE = "secret"
_BYTES = 32
_LONGEST = 1000
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def home_secret(home: Path) -> str:
    """The secret of this home, created when it has none. Raises BadInput where its file is not private."""
    make_private(home)
    path = home / _FILE
    try:
        return _read(path)
    except FileNotFoundError:
        _create(path)
        return _read(path)


def make_private(folder: Path) -> None:
    """Create a folder that only its owner may enter, or make an existing one so. Raises BadInput where it cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        rule, remedy = "its owner alone must be able to use this folder", "Use a home of your own: set TUNEGATE_HOME."
        raise BadInput(Fault(rule, error.strerror or str(error), str(folder), remedy)) from None


def _create(path: Path) -> None:
    """Write a new secret unless another process was faster; a reader sees all of it or no file."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"tunegate:{secrets.token_urlsafe(_BYTES)}")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        Path(temporary).unlink()


def _read(path: Path) -> str:
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _not_private(path, "a symbolic link" if path.is_symlink() else error.strerror or str(error)) from None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise _not_private(path, "no regular file")
        if about.st_uid != os.geteuid():
            raise _not_private(path, f"a file of user {about.st_uid}")
        if about.st_mode & 0o077:
            raise _not_private(path, f"mode {stat.S_IMODE(about.st_mode):04o}")
        content = file.read(_LONGEST)
    if len(content) < _BYTES or not content.isascii() or not content.decode("ascii").isprintable():
        raise _not_private(path, "a file with something else in it")
    return content.decode("ascii")


def _not_private(path: Path, found: str) -> BadInput:
    rule = "the secret of a home must be a file that its owner wrote and nobody else can read"
    return BadInput(Fault(rule, found, str(path), "Delete it: a new one is made at the next start."))
