"""docs/deploy-gcp.md as data: its console blocks, what they define, and what they refer to."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "deploy-gcp.md"

_BLOCK = re.compile(r"^```console(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """Commands that stand together. `where` is `local` for what a test runs, `cloud` for what needs Google or Docker."""

    where: str
    commands: tuple[str, ...]


def blocks() -> list[Block]:
    """Every console block in order; the lines without a dollar sign are what a command prints."""
    found = _BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    return [Block(where, tuple(line[2:] for line in text.splitlines() if line.startswith("$ "))) for where, text in found]


def words(command: str) -> list[str]:
    """The command's words as a shell splits them, those inside $(…) as well."""
    flat = command.replace("$(", " ").replace(")", " ").replace('"', " ")
    return shlex.split(flat.replace("'", " "), comments=False)


def defined(command: str) -> set[str]:
    """Variables that a command sets."""
    if not command.startswith("export "):
        return set()
    return set(re.findall(r"(?:^export |(?<=\s))([A-Z_]+)=", command))


def used(command: str) -> set[str]:
    """Variables that a command reads."""
    return set(re.findall(r"\$\{?([A-Z_]+)", command))
