"""The platform, started once for all of these tests, and campaigns of the toy city on it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.campaigns import Campaigns
from tests.platform.stack import Platform


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """One cluster, one server, one database: as a team has them, through all that befalls them."""
    # Not in pytest's own folders: a socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="tunegate-"))
    try:
        with Platform(folder) as started:
            yield started
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def campaigns(platform: Platform, request: pytest.FixtureRequest) -> Campaigns:
    """Campaigns of a region of this test's own."""
    return Campaigns(platform, region=request.node.name.removeprefix("test_")[:60].partition("[")[0])
