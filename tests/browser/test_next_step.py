"""What a campaign at the terminal prints as its next step, typed as it is printed: the candidate waits in the browser."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.browser.ui import Ui
from tests.flows.conftest import Installation
from tests.services.browser import chromium
from tests.services.team import tunegate_up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PATIENCE_S = 60.0
OFFER = re.compile(r"up --ask ([0-9a-f]+)\n")
ADDRESS = re.compile(r"toyville: approve or decline at (\S+)")


def address_of_the_question(log: Path) -> str:
    """Where `tunegate up` says that somebody is asked."""
    deadline = time.monotonic() + PATIENCE_S
    while (said := ADDRESS.search(log.read_text())) is None:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return said[1]


def test_a_candidate_found_at_the_terminal_is_approved_in_the_browser(tmp_path: Path) -> None:
    terminal = Installation(tmp_path)
    terminal.environment.pop("PREFECT_API_URL", None)
    ran = terminal.run("retune", terminal.region_file(release={"approvers": ["Ada"], "four_eyes": False}))
    assert ran.code == 0, ran.stderr
    offered = OFFER.search(ran.stdout)
    assert offered is not None, ran.stdout
    published = terminal.home / "published" / "toyville.json"
    assert not published.exists()
    with tunegate_up(tmp_path, "--ask", offered[1]) as team, chromium() as browser:
        ui = Ui(browser.new_page(viewport={"width": 1280, "height": 960}), team.addresses)
        team.sign_in(ui.page)  # the link that is printed first
        ui.page.goto(address_of_the_question(team.log))
        ui.wait_for_state("Suspended")
        ui.answer("approve", "Ada", "it gains where it should")
        ui.submit()
        ui.wait_for_state("Approved")
    assert json.loads(published.read_text())["version"] == 2, "what ran before is version 1"
