"""The Prefect UI as people use it: pages, buttons and forms, found by what is written on them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

from cli.local_server.running_instance import InstanceAddresses

PICTURES = Path(__file__).parents[2] / "docs" / "images"
PICTURES_VARIABLE = "TUNEGATE_DOC_PICTURES"  # set it, and the pictures in docs are taken anew
CAMPAIGN_TIMEOUT_MS = 420_000
RUN_TIMEOUT_MS = 240_000


@dataclass(frozen=True)
class Ui:
    """A browser window on a running `tunegate up`."""

    page: Page
    team: InstanceAddresses

    def open_deployment(self, name: str) -> None:
        """From the list of deployments to one of them."""
        self.page.goto(f"{self.team.ui}/deployments")
        self.page.locator("a[href*='/deployments/deployment/']").get_by_text(name, exact=True).first.click()

    def custom_run(self) -> None:
        """From a deployment to the form of its parameters."""
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_text("Custom run").first.click()
        self.field("config").wait_for()

    def field(self, name: str) -> Locator:
        """One field of a form, with its name, its help and its input."""
        return self.page.locator(".p-label", has=self.page.locator(".schema-form-property__label", has_text=name)).last

    def fill(self, name: str, value: str) -> None:
        """Type into a field."""
        self.field(name).locator("input, textarea").last.fill(value)

    def add(self, name: str, *items: str) -> None:
        """Add items to a list."""
        for item in items:
            inputs = self.field(name).locator("textarea")
            before = inputs.count()
            self.field(name).get_by_role("button", name="Add item").click()
            inputs.nth(before).fill(item)

    def choose(self, name: str, option: str) -> None:
        """Choose one of the answers that a field offers."""
        # By the keyboard: a click opens the list when the button gets the focus, and closes it again.
        self.field(name).locator(".p-select-button__control").press("ArrowDown")
        self.page.get_by_role("option", name=option, exact=True).click()

    def submit(self) -> None:
        """Send a form."""
        self.page.get_by_role("button", name="Submit", exact=True).click()

    def open_run(self, deployment: str, name: str) -> None:
        """From a deployment to one of its runs."""
        self.open_deployment(deployment)
        self.page.get_by_role("link", name=name, exact=True).first.click(timeout=RUN_TIMEOUT_MS)

    def wait_for_state(self, state: str, timeout_ms: float = RUN_TIMEOUT_MS) -> None:
        """Watch the page of a run until it says so."""
        self.page.get_by_text(state, exact=True).first.wait_for(timeout=timeout_ms)

    def open_artifact(self, name: str) -> None:
        """From the page of a run to one of its artifacts."""
        self.page.get_by_text("Artifacts", exact=True).first.click()
        self.page.locator("a[href*='/artifacts/']", has_text=name).first.click()

    def answer(self, decision: str, who: str, why: str) -> None:
        """Resume a run that waits, with its form filled in."""
        self.page.get_by_role("button", name="Resume").click()
        self.choose("Decision", decision)
        self.fill("Your name", who)
        self.fill("Reason", why)

    def picture(self, name: str) -> None:
        """Take a picture for the docs, where the environment asks for it."""
        if os.environ.get(PICTURES_VARIABLE):
            self.page.wait_for_timeout(1500)  # animations
            self.page.screenshot(path=PICTURES / f"ui-{name}.png")
