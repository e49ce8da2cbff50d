"""kill -9 after every write of a release: the next start finds one of the versions in registry and file, never a mixture."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("killed_release.py")


def killed_at_each_place(root: Path, before: str, action: str) -> list[dict[str, Any]]:
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), str(root), before, action],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return [json.loads(line) for line in ran.stdout.splitlines()]


def version(text: str | None) -> int | None:
    return None if text is None else json.loads(text)["version"]


@pytest.mark.parametrize(
    ("before", "action", "versions", "fewest_places", "again"),
    [
        ("nothing", "approve", [None, 1, 2], 9, "a verdict must be decided once, but got approved by Ada"),
        ("approved", "approve_next", [2, 3], 5, "a verdict must be decided once, but got approved by Ada"),
        ("approved", "rollback", [2, 1], 5, "a rollback must change what production runs"),
    ],
    ids=["first approval", "later approval", "rollback"],
)
def test_registry_and_file_agree_after_the_next_start_wherever_a_release_was_killed(
    tmp_path, *, before, action, versions, fewest_places, again
):
    found = killed_at_each_place(tmp_path, before, action)
    assert len(found) >= fewest_places, "the places between the writes must be found"
    assert all(each["killed"] for each in found)
    whole: dict[int | None, str] = {}
    for each in found:
        assert each["file"] == each["registry"], "two truths"
        assert version(each["left"]) in versions, "a reader saw something that was never released"
        assert version(each["file"]) in versions
        assert versions.index(version(each["left"])) <= versions.index(version(each["registry"])), "production was ahead"
        for text in (each["left"], each["file"]):
            assert whole.setdefault(version(text), text) == text, "one version, two documents"
        assert each["versions"] == list(range(1, len(each["versions"]) + 1))
        # Then the same command finishes the work, or says that it is done.
        assert version(each["finally"]) == versions[-1]
        assert (again in each["again"]) == (version(each["file"]) == versions[-1])
    assert {version(each["file"]) for each in found} == set(versions), "each outcome must have been met"
    order = [versions.index(version(each["file"])) for each in found]
    assert all(earlier <= later for earlier, later in pairwise(order)), "dying later must not undo"
