"""What every report store does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tunegate.adapters.google.gcs_objects import GcsObjects
from tunegate.adapters.google.gcs_report_store import GcsReportStore
from tunegate.adapters.local.report_store import FileReportStore
from tunegate.ports.report_store import ReportStore


@pytest.fixture(params=["file", pytest.param("gcs", marks=pytest.mark.services)])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], ReportStore]:
    """Opens one place, empty at first, of each kind; each call is what another process would have."""
    if request.param == "file":
        return lambda: FileReportStore(tmp_path / "reports")
    request.getfixturevalue("gcs")
    return lambda: GcsReportStore(GcsObjects("production", "reports/", "text/html; charset=utf-8"))


def test_an_empty_store_has_no_pages(open_store):
    assert open_store().names() == frozenset()


def test_every_page_that_was_put_is_named_by_any_other_process(open_store):
    names = {f"toy-{number}.html" for number in range(8)}
    for name in names:
        open_store().put(name, f"<p>{name}: 4 丁目</p>")
    assert open_store().names() == names


def test_every_address_of_a_page_ends_with_its_name_and_is_whole(open_store):
    store = open_store()
    assert store.location("a.html").endswith("/a.html")
    assert store.uri("a.html").startswith(("file:///", "https://"))
    assert store.link("a.html") in {"a.html", store.uri("a.html")}


def test_a_page_is_replaced_as_a_whole(open_store, tmp_path, request):
    open_store().put("a.html", "<p>a long page, the first</p>")
    open_store().put("a.html", "<p>second Ō</p>")
    on_disk = tmp_path / "reports" / "a.html"
    kept = on_disk.read_bytes() if on_disk.exists() else request.getfixturevalue("gcs").content("production", "reports/a.html")
    assert kept.decode() == "<p>second Ō</p>"


def test_a_browser_is_told_that_a_page_in_a_bucket_is_html_and_must_be_fetched_anew(gcs):
    GcsReportStore(GcsObjects("production", "", "text/html; charset=utf-8")).put("a.html", "<p>Ō</p>")
    metadata = gcs.buckets["production"]["a.html"].metadata
    assert (metadata["contentType"], metadata["cacheControl"]) == ("text/html; charset=utf-8", "no-store")
