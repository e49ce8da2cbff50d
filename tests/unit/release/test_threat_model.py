"""docs/security.md names, for each attack, a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "security.md"
ATTACKS = re.compile(r"\| attack \| what stops it \| test \|\n\|[- |]+\|\n((?:\|.*\n)*)")
REPEATED = ("the same", "as above")


def attacks() -> list[str]:
    """The last cell of every row of the tables of attacks: which tests show what stops it."""
    rows = "".join(ATTACKS.findall(PAGE.read_text(encoding="utf-8"))).splitlines()
    return [row.strip("| ").rpartition(" | ")[2] for row in rows]


def missing(cell: str) -> list[str]:
    """What a cell names and tests/ does not have. A name alone is in the file that was named before it."""
    absent, source = [], ""
    for name in re.findall(r"`([^`]+)`", cell):
        path, _, test = name.rpartition("::") if "::" in name or not name.endswith(".py") else (name, "", "")
        if path:
            file = TESTS / path
            source = file.read_text(encoding="utf-8") if file.is_file() else ""
        if not source or not re.search(
            rf"^\s*(?:async )?(?:def|class) {re.escape(test)}\b" if test else "", source, re.MULTILINE
        ):
            absent.append(name)
    return absent


def test_every_attack_names_tests_that_exist() -> None:
    assert len(attacks()) >= 40
    assert [cell for cell in attacks() if missing(cell) or not ("`" in cell or cell.startswith(REPEATED))] == []
