"""A bucket that is away, loses answers, is overtaken, is missing or refuses us. The real client talks to a strict server."""

from __future__ import annotations

import pytest

from tests.services.gcs import gcs_service
from tests.unit.release.conftest import SettableClock, approval_of, candidate_of, judged_at, policy_of, record
from tunegate.adapters.google import gcs_objects
from tunegate.adapters.google.gcs_objects import GcsObjects
from tunegate.adapters.google.gcs_publisher import GcsPublisher
from tunegate.adapters.sql.database import open_database
from tunegate.adapters.sql.registry import SqlRegistry
from tunegate.domain.errors import BadInput
from tunegate.ports.outage import Outage
from tunegate.release.service import PublishingFailed, ReleaseService

JSON = "application/json"


def objects(bucket: str = "production", retry_for_s: float = 20.0) -> GcsObjects:
    return GcsObjects(bucket, "p/", JSON, retry_for_s)


def test_a_bucket_that_is_away_for_seconds_is_waited_for(gcs):
    gcs.rest.away_for(1.5)
    assert objects().replace("a", lambda: b"1") is True
    assert gcs.content("production", "p/a") == b"1"
    assert gcs.rest.turned_away >= 2


def test_a_bucket_that_stays_away_is_an_outage_after_a_bounded_time(gcs):
    gcs.rest.away_for(60)
    with pytest.raises(Outage, match=r"gs://production/p/: no successful answer within 1 s, last: 503"):
        objects(retry_for_s=1.0).replace("a", lambda: b"1")
    gcs.rest.away_for(0)
    gcs.rest.close()
    with pytest.raises(Outage, match="Connection refused"):
        objects(retry_for_s=1.0).read("a")


def test_an_upload_whose_answer_got_lost_is_found_done_and_counts_as_a_change(gcs):
    gcs.rest.lose_answers("POST", "/upload/")
    assert objects().replace("a", lambda: b"1") is True
    uploads = [path for method, path in gcs.rest.asked if method == "POST"]
    assert len(uploads) == 2, "the repetition was refused by its precondition"
    assert gcs.content("production", "p/a") == b"1"


def test_whoever_was_overtaken_asks_again_and_writes_what_is_wanted_then(gcs):
    current = [b"1"]

    def wanted() -> bytes:
        mine = current[0]
        if mine == b"1":  # another publisher is quicker, with the next version
            current[0] = b"2"
            gcs.put("production", "p/a", b"2")
        return mine

    assert objects().replace("a", wanted) is True
    assert gcs.content("production", "p/a") == b"2"


def test_being_overtaken_for_ever_ends(gcs, monkeypatch):
    monkeypatch.setattr(gcs_objects, "MAX_CONFLICTS", 5)
    versions = iter(range(1000))
    with pytest.raises(Outage, match="others replaced it 5 times"):
        objects().replace("a", lambda: gcs.put("production", "p/a", b"%d" % next(versions)).content + b"!")


@pytest.mark.parametrize(
    "call", [lambda o: o.read("a"), lambda o: o.write("a", b"1"), lambda o: o.replace("a", lambda: b"1"), lambda o: o.names()]
)
def test_a_missing_bucket_is_one_clear_error(gcs, call):
    with pytest.raises(BadInput, match=r"gs://elsewhere/p/: the bucket must exist, but got 404 .*Create the bucket"):
        call(objects("elsewhere"))


@pytest.mark.services
def test_a_bucket_that_refuses_us_is_one_clear_error(monkeypatch):
    with gcs_service("production", token="secret-token") as service:  # noqa: S106
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", service.url)
        with pytest.raises(BadInput, match="must accept the account that tunegate runs as, but got Anonymous") as caught:
            objects().read("a")
    assert "secret-token" not in str(caught.value)


def test_a_release_that_could_not_be_published_is_published_by_the_next_step(gcs, tmp_path):
    """The registry is written first; what production reads follows when the bucket is back."""
    verdict = record()
    registry = SqlRegistry(open_database(f"sqlite:///{tmp_path}/results.sqlite"))
    desk = ReleaseService(registry, GcsPublisher(objects(retry_for_s=0.5)), SettableClock(judged_at(verdict)), policy_of)
    gcs.rest.away_for(60)
    with pytest.raises(PublishingFailed, match="could not be published: gs://production/p/"):
        desk.approve(candidate_of(verdict), approval_of(verdict))
    assert registry.current("toy").version == 1
    gcs.rest.away_for(0)
    release = desk.approve(candidate_of(verdict), approval_of(verdict))
    assert gcs.content("production", "p/toy.json").decode() == release.published
    gcs.put("production", "p/toy.json", b"somebody's own")
    assert [repair.changed for repair in desk.repair_publications()] == [True]
    assert gcs.content("production", "p/toy.json").decode() == release.published


def test_a_bucket_that_is_missing_fails_the_publishing_and_not_the_release(gcs, tmp_path):
    verdict = record()
    registry = SqlRegistry(open_database(f"sqlite:///{tmp_path}/results.sqlite"))
    desk = ReleaseService(registry, GcsPublisher(objects("elsewhere")), SettableClock(judged_at(verdict)), policy_of)
    with pytest.raises(PublishingFailed, match="the bucket must exist"):
        desk.approve(candidate_of(verdict), approval_of(verdict))
