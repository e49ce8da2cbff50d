from __future__ import annotations

from pathlib import Path

import pytest

from cli.provisioning.deploy_steps import image, stay_here, this_folder
from tunegate.domain.errors import BadInput

DIGEST = "registry.example/team/pipeline@sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize("named", ["registry.example:5000/team/pipeline:1.4.0", DIGEST, f"  {DIGEST}\n"])
def test_an_image_is_taken_by_tag_or_digest(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("TUNEGATE_IMAGE", named)
    assert image() == {"image": named.strip()}


def test_runs_stay_where_was_deployed_from_or_where_their_image_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    deployed_from = this_folder()
    monkeypatch.chdir("/")
    assert stay_here(**deployed_from) == {"directory": str(tmp_path)} == {"directory": str(Path.cwd())}
    assert stay_here(str(tmp_path / "on another machine")) == {"directory": str(tmp_path)}


def test_processes_need_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNEGATE_IMAGE", raising=False)
    assert image() == {}


@pytest.mark.parametrize(
    "named", ["pipeline", "pipeline:latest", "registry.example:5000/pipeline", "pipeline@sha256:12", "a b:1"]
)
def test_a_name_that_may_mean_another_image_tomorrow_is_refused(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("TUNEGATE_IMAGE", named)
    with pytest.raises(BadInput, match="by its digest or by a tag that stays"):
        image()
