"""The example reader follows what the publisher writes, and keeps what it has when the file is no good."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from tunegate.adapters.google.gcs_objects import GcsObjects
from tunegate.adapters.google.gcs_publisher import GcsPublisher
from tunegate.adapters.local.publisher import FilePublisher
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.experiment.schedule import SwitchbackPlan
from tunegate.ports.publisher import Publisher
from tunegate.release.experiments import Experiment, experiment_of, experiment_release
from tunegate.release.published import with_published_document
from tunegate.release.rollout_plan import Switchback

EXAMPLE = Path(__file__).parents[2] / "examples" / "read_published.py"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PARAMETERS = Parameters({"gamma": 0.1 + 0.2, "max_wait_s": 300})
FIRST = Release("toy", 1, ReleaseKind.INITIAL, PARAMETERS, "ada", NOON, "", None, None, None, override=False, published="")


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("read_published", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def publisher(tmp_path) -> FilePublisher:
    publisher = FilePublisher(tmp_path)
    publish(publisher, 1, gamma=0.1 + 0.2)
    return publisher


def publish(publisher: Publisher, version: int, **parameters: float) -> str:
    release = with_published_document(replace(FIRST, version=version, parameters=Parameters({**PARAMETERS, **parameters})))
    publisher.publish("toy", lambda: release.published)
    return release.published


def test_it_follows_releases_and_rollbacks(example, publisher):
    reader = example.Reader(publisher.path("toy"), "toy")
    assert reader.current["parameters"] == {"gamma": 0.1 + 0.2, "max_wait_s": 300}
    assert reader.refresh() is False
    publish(publisher, 2, gamma=0.9)
    assert reader.refresh() is True
    assert (reader.current["version"], reader.current["parameters"]["gamma"]) == (2, 0.9)
    publish(publisher, 1, gamma=0.1 + 0.2)
    assert reader.refresh() is True
    assert reader.current["version"] == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: "",
        lambda whole: whole[:60],
        lambda whole: whole.replace("300", "301"),
        lambda whole: whole.replace('"format": 1', '"format": 3'),
        lambda whole: whole.replace('"format": 1', '"format": 2'),
        lambda whole: whole.replace('"toy"', '"kyoto"'),
        lambda whole: "[]",
        lambda whole: '{"parameters": 3}',
    ],
)
def test_it_keeps_what_it_has_when_the_file_is_no_good_and_recovers(example, publisher, damage):
    path = publisher.path("toy")
    reader = example.Reader(path, "toy")
    kept, whole = reader.current, path.read_text()
    path.write_text(damage(whole))
    assert reader.refresh() is False
    assert reader.current == kept
    assert str(path) in reader.problem
    publish(publisher, 2, gamma=0.9)
    assert reader.refresh() is True
    assert reader.problem is None


def test_a_file_that_vanished_changes_nothing(example, publisher):
    reader = example.Reader(publisher.path("toy"), "toy")
    publisher.path("toy").unlink()
    assert reader.refresh() is False
    assert reader.current["version"] == 1
    assert "FileNotFoundError" in reader.problem


def test_a_service_without_parameters_does_not_start(example, tmp_path):
    with pytest.raises(example.Unreadable, match="FileNotFoundError"):
        example.Reader(tmp_path / "nothing.json")


def test_it_follows_an_object_of_a_bucket_and_keeps_what_it_has_while_that_is_away(example, gcs):
    published = GcsPublisher(GcsObjects("production", "parameters/", "application/json"))
    publish(published, 1, gamma=0.1 + 0.2)
    reader = example.Reader(published.location("toy"), "toy")
    assert reader.refresh() is False
    publish(published, 2, gamma=0.9)
    assert reader.refresh() is True
    assert (reader.current["version"], reader.current["parameters"]["gamma"]) == (2, 0.9)
    gcs.put("production", "parameters/toy.json", b"{}")
    assert reader.refresh() is False
    assert "KeyError" in reader.problem
    del gcs.buckets["production"]["parameters/toy.json"]
    assert reader.refresh() is False
    assert "404" in reader.problem
    assert reader.current["version"] == 2
    with pytest.raises(example.Unreadable, match="404"):
        example.Reader("gs://production/parameters/other.json")


def test_it_prints_what_production_reads(publisher):
    ran = subprocess.run([sys.executable, str(EXAMPLE), str(publisher.path("toy"))], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[0] == "toy version 1, released 2026-06-01T12:00:00.000000+00:00"
    assert "  max_wait_s = 300" in ran.stdout
    refused = subprocess.run([sys.executable, str(EXAMPLE), "nowhere.json"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "nowhere.json" in refused.stderr


def tried(publisher: Publisher) -> Experiment:
    """An experiment that begins on 2 June in New York, where it lasts two days; the candidate is version 2."""
    production = with_published_document(FIRST)
    candidate = replace(FIRST, version=2, parameters=Parameters({"gamma": 0.5, "max_wait_s": 60}), previous=1)
    design = SwitchbackPlan(days=2, window_min=60, washout_min=20, harm_limit_pct=-2.0, level=0.1, looks=(1, 2))
    begun = experiment_release(candidate, production, Switchback(design, "America/New_York", "USD"))
    publisher.publish("toy", lambda: begun.published)
    return experiment_of(begun)


def test_it_obeys_the_schedule_by_the_clock_and_says_which_arm_and_version_it_runs(example, publisher):
    experiment = tried(publisher)
    reader, schedule = example.Reader(publisher.path("toy"), "toy"), experiment.schedule
    instants = [schedule.start_utc + timedelta(minutes=10 * step - 60) for step in range(6 * 50)]
    for instant in instants:
        window = schedule.window_at(instant)
        arm = "production" if window is None else window.arm.value
        ran = {"production": ("production", 1, dict(PARAMETERS)), "candidate": ("candidate", 2, dict(experiment.candidate))}[
            arm
        ]
        assert reader.choose(instant) == ran
    assert {reader.choose(instant)[0] for instant in instants} == {"production", "candidate"}


def test_it_falls_back_to_production_when_the_schedule_is_over_and_nobody_replaces_the_document(example, publisher):
    experiment = tried(publisher)
    reader, end = example.Reader(publisher.path("toy"), "toy"), experiment.schedule.end_utc
    for later in (timedelta(), timedelta(days=400)):
        assert reader.choose(end + later) == ("production", 1, dict(PARAMETERS))
    assert reader.choose(experiment.schedule.start_utc - timedelta(seconds=1))[0] == "production"


def test_a_reader_of_format_1_finds_productions_values_where_they_were(publisher):
    before = json.loads(publisher.path("toy").read_text())
    tried(publisher)
    after = json.loads(publisher.path("toy").read_text())
    after.pop("experiment")
    assert after == {**before, "format": 2}


@pytest.mark.parametrize(
    "damage",
    [
        lambda document: document.pop("experiment"),
        lambda document: document["experiment"].update(windows=[]),
        lambda document: document["experiment"]["windows"].reverse(),
        lambda document: document["experiment"]["windows"][0].update(start="soon"),
        lambda document: document["experiment"]["windows"][0].update(end=document["experiment"]["windows"][1]["end"]),
        lambda document: document["experiment"]["candidate"]["parameters"].update(gamma=0.51),
        lambda document: document["experiment"]["windows"][0].update(start="2026-06-02T04:00:00"),
    ],
)
def test_it_keeps_what_it_has_when_an_experiment_is_no_good(example, publisher, damage):
    path = publisher.path("toy")
    reader = example.Reader(path, "toy")
    tried(publisher)
    document = json.loads(path.read_text())
    damage(document)
    path.write_text(json.dumps(document))
    assert reader.refresh() is False
    assert reader.choose() == ("production", 1, dict(PARAMETERS))


def test_it_prints_which_arm_runs(publisher):
    tried(publisher)
    ran = subprocess.run([sys.executable, str(EXAMPLE), str(publisher.path("toy"))], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[1] == "  experiment toy-2: production, version 1, runs now"
