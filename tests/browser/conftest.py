"""One `tunegate up` for all tests here, and a browser on it for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.ui import Ui
from tests.services.browser import chromium
from tests.services.team import RunningTeam, tunegate_up

STEP_TIMEOUT_MS = 90_000


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTeam]:
    with tunegate_up(tmp_path_factory.mktemp("team"), TUNEGATE_USER="carl") as running:
        yield running


@pytest.fixture
def ui(team: RunningTeam) -> Iterator[Ui]:
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 960}, color_scheme="dark").new_page()
        page.set_default_timeout(STEP_TIMEOUT_MS)
        team.sign_in(page)
        yield Ui(page, team.addresses)
