"""Addresses of places outside the home: read exactly, or refused with what form they must have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunegate.config.locations import Bucket, Dataset, Folder, dataset_location, files_location
from tunegate.config.workspace import Workspace
from tunegate.domain.errors import BadInput

HOME = Path("/home/ada/.tunegate/published")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("", Folder(HOME)),
        ("/srv/published", Folder(Path("/srv/published"))),
        ("gs://acme-tunegate", Bucket("acme-tunegate", "")),
        ("gs://acme-tunegate/", Bucket("acme-tunegate", "")),
        ("gs://acme.example/prod/parameters", Bucket("acme.example", "prod/parameters/")),
        ("gs://acme.example/prod/parameters/", Bucket("acme.example", "prod/parameters/")),
    ],
)
def test_a_place_of_files_is_a_folder_or_a_bucket(address, place):
    assert files_location("X", address, HOME) == place


@pytest.mark.parametrize(
    "address", ["s3://acme/x", "gs://", "gs:///x", "gs://Acme", "gs://acme-x/a b", "gs://acme-x/a?b=1", "gs://acme-x/a//b"]
)
def test_another_address_of_files_is_refused(address):
    with pytest.raises(BadInput, match=r"TUNEGATE_PUBLISH_URL: the address must be a folder or gs://BUCKET/PREFIX, but got"):
        files_location("TUNEGATE_PUBLISH_URL", address, HOME)


def test_a_dataset_is_named_by_project_and_name():
    assert dataset_location("X", "") is None
    assert dataset_location("X", "bigquery://acme-prod/tunegate_eu") == Dataset("acme-prod", "tunegate_eu")
    assert dataset_location("X", "bigquery://example.com:acme-prod/t") == Dataset("example.com:acme-prod", "t")


@pytest.mark.parametrize(
    "address",
    ["acme-prod/tunegate", "bigquery://acme-prod", "bigquery://acme-prod/a/b", "bigquery://acme-prod/a-b", "mysql://"],
)
def test_another_address_of_results_is_refused(address):
    with pytest.raises(BadInput, match=r"TUNEGATE_RESULTS_URL: the address must be bigquery://PROJECT/DATASET, but got"):
        dataset_location("TUNEGATE_RESULTS_URL", address)


def test_a_password_in_a_misplaced_address_is_not_repeated():
    with pytest.raises(BadInput) as caught:
        dataset_location("X", "mysql+pymysql://ada:s3cret@db/tunegate")
    assert "s3cret" not in str(caught.value)


def test_the_environment_names_every_place(monkeypatch, tmp_path):
    monkeypatch.setenv("TUNEGATE_HOME", str(tmp_path))
    at_home = Workspace.from_environment()
    assert (at_home.dataset, at_home.published, at_home.reports) == (
        None,
        Folder(tmp_path / "published"),
        Folder(tmp_path / "reports"),
    )
    monkeypatch.setenv("TUNEGATE_RESULTS_URL", "bigquery://acme-prod/tunegate")
    monkeypatch.setenv("TUNEGATE_PUBLISH_URL", "gs://acme-x/parameters")
    monkeypatch.setenv("TUNEGATE_REPORTS_URL", "gs://acme-x/reports")
    away = Workspace.from_environment()
    assert (str(away.dataset), str(away.published), str(away.reports)) == (
        "bigquery://acme-prod/tunegate",
        "gs://acme-x/parameters",
        "gs://acme-x/reports",
    )
