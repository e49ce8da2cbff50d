"""What a campaign may vary by itself, and what makes its verdict exploratory."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flows.conftest import REGION
from tunegate.config.loading import load_region
from tunegate.config.reviewed import deciding_digest, provenance_of, reviewed_config
from tunegate.domain.errors import BadInput

VARIED = (
    "search.trials=4",
    "search.workers=1",
    "search.sampler=random",
    "search.forecast=statistics",
    "seed=9",
    "periods.test={first: 2026-02-05, last: 2026-02-11}",
)
DECIDING = (
    "gate.minimum_effect_pct=0.1",
    "gate.one_sided_level=0.2",
    "gate.verdicts_per_period=100",
    "gate.guardrails={}",
    "gate.worst_zone_margin_pct=null",
    "region=elsewhere",
    "simulator.command=[./cheat]",
    "simulator.settings.noise_share=0",
    "production.gamma=0.81",
    "search.space.gamma.high=0.99",
    "search.start_from=[elsewhere]",
)


def write(path: Path, **changes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({**copy.deepcopy(REGION), **changes}))
    return path


@pytest.mark.parametrize("override", VARIED)
def test_a_campaign_may_vary_how_it_searches_and_on_which_days(tmp_path: Path, override: str) -> None:
    found = provenance_of(load_region(write(tmp_path / "toyville.yaml"), (override,)), tmp_path)
    assert (found.file, found.overrides, found.exploratory) == ("toyville.yaml", (override,), ())


@pytest.mark.parametrize("override", DECIDING)
def test_an_override_of_what_decides_makes_a_verdict_exploratory(tmp_path: Path, override: str) -> None:
    found = provenance_of(load_region(write(tmp_path / "toyville.yaml"), (override,)), tmp_path)
    assert found.exploratory == (f"--set {override} changes what decides a verdict",)
    with pytest.raises(BadInput, match="an exploratory verdict can never be released"):
        reviewed_config(found, tmp_path)


def test_every_key_of_the_region_file_that_is_not_listed_decides(tmp_path: Path) -> None:
    """A key that is added to the file later decides, until somebody lists it."""
    write(tmp_path / "toyville.yaml")
    for section in ("gate", "simulator", "production"):
        for name, value in REGION[section].items():
            text = f"{section}.{name}={yaml.safe_dump(value, default_flow_style=True, width=1000).splitlines()[0]}"
            assert provenance_of(load_region(tmp_path / "toyville.yaml", (text,)), tmp_path).exploratory, text


def test_a_region_file_anywhere_else_is_exploratory(tmp_path: Path) -> None:
    found = provenance_of(load_region(write(tmp_path / "mine" / "toyville.yaml")), tmp_path / "configs")
    assert found.file == str(tmp_path / "mine" / "toyville.yaml")
    assert "is not below the folder of reviewed configurations" in found.exploratory[0]


def test_extending_a_file_outside_the_folder_is_exploratory(tmp_path: Path) -> None:
    write(tmp_path / "mine.yaml")
    region = tmp_path / "configs" / "toyville.yaml"
    region.parent.mkdir()
    region.write_text("extends: ../mine.yaml\nregion: toyville\n")
    assert str(tmp_path / "mine.yaml") in provenance_of(load_region(region), region.parent).exploratory[0]


def test_a_link_in_the_folder_to_a_file_outside_is_exploratory(tmp_path: Path) -> None:
    outside, link = write(tmp_path / "mine.yaml"), tmp_path / "configs" / "toyville.yaml"
    link.parent.mkdir()
    link.symlink_to(outside)
    assert provenance_of(load_region(link), link.parent).exploratory


def test_worlds_from_outside_the_folder_are_exploratory(tmp_path: Path) -> None:
    worlds = {"worlds": [{"settings": {"herding": share}, "weight": 1} for share in (0.1, 0.2)]}
    (tmp_path / "worlds.json").write_text(json.dumps(worlds))
    section = {"file": "../worlds.json", "count": 4}
    region = write(tmp_path / "configs" / "toyville.yaml", worlds=section)
    assert str(tmp_path / "worlds.json") in provenance_of(load_region(region), region.parent).exploratory[0]


def test_a_claim_holds_while_what_decides_is_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path / "toyville.yaml")
    claimed = provenance_of(load_region(path, ("seed=9",)), tmp_path)
    write(path, search={**REGION["search"], "trials": 99}, release={"approvers": ["dora"], "four_eyes": True})
    assert reviewed_config(claimed, tmp_path).release_policy.approvers == ("dora",), "as the file says now"
    write(path, gate={**REGION["gate"], "minimum_effect_pct": 0.1})
    with pytest.raises(BadInput, match="must be of the reviewed configuration as it is now"):
        reviewed_config(claimed, tmp_path)


def test_the_digest_of_what_decides_is_the_same_for_other_people_and_another_search(tmp_path: Path) -> None:
    path = write(tmp_path / "toyville.yaml")
    assert deciding_digest(load_region(path)) == deciding_digest(load_region(path, ("search.trials=4",)))
    assert deciding_digest(load_region(path)) != deciding_digest(load_region(path, ("seed=9",)))
