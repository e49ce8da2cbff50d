"""Debian's Chromium under playwright, for pages that are files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.services.programs import program


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Skips the test where none is installed."""
    path = program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, path: Path, **options: object) -> Iterator[Page]:
    """A file as a page of its own; at its end nothing may have been requested and no script may have failed."""
    trouble: list[str] = []
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    page = context.new_page()
    page.on("request", lambda request: trouble.append(request.url) if request.url != path.as_uri() else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text) if message.type in {"error", "warning"} else None)
    page.goto(path.as_uri())
    try:
        yield page
        assert trouble == []
    finally:
        context.close()
