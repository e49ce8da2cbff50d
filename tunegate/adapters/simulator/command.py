"""Finding a simulator's command, and the environment it may see."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tunegate.domain.errors import BadInput, Fault

_SECRET_NAME = re.compile(
    r"SECRET|TOKEN|PASSW|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH_STRING|WEBHOOK|CONNECTION_URL|(^|_)KEY$|(^|_)DSN$|(^|_)PWD_?FILE$|^PGPASS|^MYSQL_PWD$",
    re.IGNORECASE,
)
# Addresses of our servers and databases, and sockets of agents that sign for a person.
_NOT_ITS_BUSINESS = re.compile(
    r"(PREFECT|TUNEGATE|CSQL|CLOUD_SQL)_|(SSH_AUTH_SOCK|SSH_AGENT_PID|GPG_AGENT_INFO|DBUS_SESSION_BUS_ADDRESS)$"
)
_SECRET_VALUE = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def resolve_command(command: Sequence[str], place: str = "simulator.command") -> tuple[str, ...]:
    """The command with its program as an absolute path: a path as given, or a name on PATH or beside this Python.

    A virtual environment that is not activated has its programs beside its Python and not on PATH. `place` is what a fault
    is said to be at. Raises BadInput.
    """
    if not command or not command[0]:
        raise BadInput(Fault("a simulator command must name a program", repr(list(command)), place, "Write e.g. [hailsim]."))
    program, *arguments = command
    beside = Path(sys.executable).parent
    found = shutil.which(program) or (None if os.sep in program else shutil.which(program, path=str(beside)))
    if found is None:
        raise BadInput(Fault("the simulator's program must exist and be executable", program, place, _remedy(program)))
    return (str(Path(found).absolute()), *arguments)


def _remedy(program: str) -> str:
    if not Path(program).is_file():
        where = "there" if os.sep in program else "on PATH or beside this Python"
        return f"Install it, or correct the name: nothing executable is {where}."
    if program.endswith(".py"):
        return f"Name its interpreter: [python, {program}]."
    return (
        f"The file is there but not an executable program of this path: write [./{program.removeprefix('./')}] after chmod +x."
    )


def simulator_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without our own settings, sockets of agents, and what looks secret by name or holds a password.

    A simulator is another team's program: it needs no database password, and cannot log what it does not have.
    """
    return {name: value for name, value in environment.items() if not _looks_secret(name, value)}


def _looks_secret(name: str, value: str) -> bool:
    return bool(_NOT_ITS_BUSINESS.match(name) or _SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
