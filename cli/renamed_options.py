"""Options under the names they had in 0.1.0, accepted for one version more. Delete this module with the version after next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RENAMED: Mapping[str, str] = {"--by": "--approver", "--why": "--reason"}
COMMANDS = frozenset({"approve", "decline", "rollback"})


def with_new_names(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments under the names of today, and a note about the old names among them; None where there are none."""
    if not arguments or arguments[0] not in COMMANDS:
        return list(arguments), None
    renamed = [_new_name(argument) for argument in arguments]
    if renamed == list(arguments):
        return renamed, None
    return renamed, "note: --by and --why are called --approver and --reason now; the next version drops the old names"


def _new_name(argument: str) -> str:
    name, equals, value = argument.partition("=")
    return f"{RENAMED.get(name, name)}{equals}{value}"
