"""`make demo-release` as a person runs it: from a campaign to what the street says of its release."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.services, pytest.mark.timeout(900)]


def test_the_demo_ends_with_a_judged_release_and_its_page():
    ran = subprocess.run(
        [sys.executable, "scripts/demo_release.py"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for words in (
        "manhattan_street tries version 2, approved by demo",
        "manhattan_street-2: It is concluded",
        "The gate predicted +",
        "The street has judged 1 releases",
    ):
        assert words in ran.stdout
    found = re.search(r"Everything is in (\S+); open", ran.stdout)
    assert found is not None
    home = REPOSITORY / found[1]
    document = json.loads((home / "published" / "manhattan_street.json").read_text())
    assert (document["format"], document["version"]) == (1, 3)
    assert "fleet revenue, on the street" in (home / "reports" / "experiment-manhattan_street-2.html").read_text()
    shutil.rmtree(home)
