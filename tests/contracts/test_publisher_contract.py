"""What every publisher does: whole documents, byte for byte, and nobody slow puts an old version over a new one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests.synthetic.published import published_text
from tunegate.adapters.google.gcs_objects import GcsObjects
from tunegate.adapters.google.gcs_publisher import GcsPublisher
from tunegate.adapters.local.publisher import FilePublisher
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.ports.publisher import Publisher
from tunegate.release.published import with_published_document

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PARAMETERS = Parameters({"gamma": 0.1 + 0.2, "max_wait_s": 300})
FIRST = Release("toy", 1, ReleaseKind.INITIAL, PARAMETERS, "ada", NOON, "", None, None, None, override=False, published="")


def text(version: int, region: str = "toy") -> str:
    return with_published_document(replace(FIRST, region=region, version=version)).published


@pytest.fixture(params=["file", pytest.param("gcs", marks=pytest.mark.services)])
def open_publisher(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Publisher]:
    """Opens publishers to one place, empty at first, of each kind; each call is what another process would have."""
    if request.param == "file":
        return lambda: FilePublisher(tmp_path / "published")
    request.getfixturevalue("gcs")
    return lambda: GcsPublisher(GcsObjects("production", "parameters/", "application/json"))


@pytest.fixture
def read(open_publisher: Callable[[], Publisher]) -> Callable[[str], str | None]:
    """What production reads of a region, None where nothing is."""

    def read_object(region: str) -> str | None:
        content = GcsObjects("production", "parameters/", "application/json").read(f"{region}.json").content
        return None if content is None else content.decode()

    publisher = open_publisher()
    return partial(published_text, publisher) if isinstance(publisher, FilePublisher) else read_object


@pytest.fixture
def publisher(open_publisher: Callable[[], Publisher]) -> Publisher:
    return open_publisher()


def test_nothing_is_there_before_the_first(publisher, read):
    assert read("toy") is None


def test_what_is_published_is_read_byte_for_byte_by_any_other(publisher, read):
    assert publisher.publish("toy", lambda: text(1)) is True
    assert read("toy") == text(1)
    assert publisher.publish("toy", lambda: text(2)) is True
    assert publisher.publish("toy", lambda: text(1)) is True
    assert read("toy") == text(1)


def test_the_same_again_changes_nothing_and_says_so(publisher):
    publisher.publish("toy", lambda: text(1))
    assert publisher.publish("toy", lambda: text(1)) is False


def test_regions_do_not_touch_each_other(publisher, read):
    publisher.publish("toy", lambda: text(1))
    publisher.publish("other", lambda: text(7, "other"))
    assert (read("toy"), read("other")) == (text(1), text(7, "other"))


@pytest.mark.parametrize("region", ["../toy", "/etc/toy", "", "Toy", "a" * 64, "toy.json", "toy\n"])
def test_a_name_that_leads_elsewhere_is_refused(publisher, region):
    with pytest.raises(ValueError, match="small letters, digits and underscores"):
        publisher.publish(region, lambda: text(1))


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"version": 0},
        {"parameters": {}},
        {"parameters": {"gamma": "0.9"}},
        {"verdict": "sha256:1"},
        {"note": "hello"},
        {"region": "elsewhere"},
        {"override": None},
    ],
)
def test_a_document_that_does_not_fit_is_never_published(publisher, change, read):
    publisher.publish("toy", lambda: text(1))
    with pytest.raises(ValueError, match="a published document must"):
        publisher.publish("toy", lambda: json.dumps({**json.loads(text(2)), **change}))
    assert read("toy") == text(1)


def test_a_slow_publisher_never_puts_an_old_version_over_a_newer_one(open_publisher, read):
    """One publisher hangs over version 1 while version 2 becomes current and another publishes that."""
    current, asked, go_on = [1], threading.Event(), threading.Event()

    def slowly() -> str:
        wanted = text(current[0])
        asked.set()
        assert go_on.wait(20)
        return wanted

    slow = threading.Thread(target=lambda: open_publisher().publish("toy", slowly))
    quick = threading.Thread(target=lambda: open_publisher().publish("toy", lambda: text(current[0])))
    slow.start()
    assert asked.wait(20)
    current[0] = 2
    quick.start()
    quick.join(0.3)  # in a folder it waits for the first; in a bucket it overtakes it
    go_on.set()
    slow.join(20)
    quick.join(20)
    assert read("toy") == text(2)


def test_publishers_who_meet_leave_what_is_current(open_publisher, read):
    """Eight publish at once, over and over, while the version moves on; the last word is the registry's."""
    current, lock = [1], threading.Lock()

    def publish() -> None:
        mine = open_publisher()
        for _ in range(5):
            with lock:
                current[0] += 1
            mine.publish("toy", lambda: text(current[0]))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: publish(), range(8)))
    assert read("toy") == text(41)


def test_a_reader_never_sees_a_part(open_publisher, publisher, read):
    whole = {text(version) for version in (1, 2)}
    publisher.publish("toy", lambda: text(1))
    done = threading.Event()

    def write() -> None:
        for number in range(60):
            open_publisher().publish("toy", lambda number=number: text(1 + number % 2))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(read("toy"))
    writer.join()
    assert seen <= whole
