"""One `tunegate up` for all tests here, and a browser on it for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.ui import Ui
from tests.services.browser import chromium
from tests.services.team import RunningTeam, tunegate_up

CONFIGS = Path(__file__).parents[2] / "configs"
STEP_TIMEOUT_MS = 90_000


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTeam]:
    folder = tmp_path_factory.mktemp("team")
    shutil.copytree(CONFIGS, folder / "configs")  # Verdicts under files from anywhere else are exploratory.
    with tunegate_up(folder, TUNEGATE_USER="carl") as running:
        yield running


@pytest.fixture
def ui(team: RunningTeam) -> Iterator[Ui]:
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 960}, color_scheme="dark").new_page()
        page.set_default_timeout(STEP_TIMEOUT_MS)
        team.sign_in(page)
        yield Ui(page, team.addresses)
