"""Every way in which a region file can be wrong, with the exact words a person then reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tunegate.config.loading import load_region
from tunegate.domain.errors import BadInput

FaultsOf = Callable[..., list[str]]

MESSAGES = yaml.safe_load(Path(__file__).with_name("fault_messages.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", MESSAGES["overrides"], ids=lambda case: case["set"])
def test_one_wrong_value_gives_one_fault_in_plain_words(faults_of: FaultsOf, case: dict[str, str]) -> None:
    assert faults_of(case["set"]) == [case["says"]]


@pytest.mark.parametrize(
    "key",
    [
        "region",
        "seed",
        "simulator",
        "simulator.command",
        "periods",
        "periods.tuning",
        "periods.tuning.last",
        "search",
        "search.trials",
        "search.failure_budget",
        "search.confirm_top",
        "search.confirm_seeds_per_day",
        "search.space",
        "search.space.gamma.low",
        "production",
        "gate",
        "gate.seeds_per_day",
        "gate.minimum_effect_pct",
        "gate.fallback_margin_pct",
        "gate.one_sided_level",
        "gate.verdicts_per_period",
        "gate.minimum_days",
        "gate.maximum_test_age_days",
        "gate.worst_zone_margin_pct",
        "gate.guardrails",
        "gate.guardrails.wait_mean_s.margin",
    ],
)
def test_what_has_no_default_must_be_given(region_file: Path, faults_of: FaultsOf, key: str) -> None:
    document = yaml.safe_load(region_file.read_text())
    parent = document
    *outer, name = key.split(".")
    for part in outer:
        parent = parent[part]
    del parent[name]
    region_file.write_text(yaml.safe_dump(document))
    found = faults_of()
    assert len(found) == 1
    assert found[0].startswith(f"{key} (toyville.yaml line ") or found[0].startswith(f"{key} (toyville.yaml)")
    assert f": `{name}` must be given, but got nothing. Add it: " in found[0]


@pytest.mark.parametrize("case", MESSAGES["texts"], ids=lambda case: case["by"])
def test_a_text_that_cannot_be_read_is_explained_with_its_line(faults_of: FaultsOf, case: dict[str, str]) -> None:
    assert faults_of(replace=(case["replace"], case["by"])) == [case["says"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "toyville.yaml: a config must be a mapping of keys to values, but got an empty file. See docs/configs.md."),
        (b"- a\n", "toyville.yaml line 1: a config must be a mapping of keys to values, but got a list. See docs/configs.md."),
        (b"a: \xff\n", "toyville.yaml: a config must be UTF-8 text, but got byte 3 that is not. Save it as UTF-8."),
        (b"a: \x07\n", "toyville.yaml: a config must be valid YAML, but got unacceptable character #x0007: special chara"),
    ],
)
def test_what_is_no_config_at_all_is_explained(region_file: Path, content: bytes, message: str) -> None:
    region_file.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        load_region(region_file)
    assert [str(fault)[: len(message)] for fault in refused.value.faults] == [message]


def test_a_missing_file_and_a_folder_are_explained(region_file: Path) -> None:
    for path, reason in (("nowhere.yaml", "No such file or directory"), (".", "Is a directory")):
        with pytest.raises(BadInput, match=f"a config must be a readable file, but got {reason}. Correct the path."):
            load_region(path)


def test_every_fault_is_reported_at_once(faults_of: FaultsOf) -> None:
    found = faults_of(
        "search.trails=5",
        "search.workers=0",
        "search.space.gamma.low=2",
        "production.max_wait_s=5000",
        "periods.tuning.last=2024-03-12",
        "simulator.city_source=x",
        "gate.minimum_days=1",
        replace=("seed: 7\n", ""),
    )
    assert sorted(message.split(" ")[0] for message in found) == [
        "gate.minimum_days",
        "periods.validation",
        "production.max_wait_s",
        "search.space.gamma",
        "search.trails",
        "search.workers",
        "seed",
        "simulator.city_source",
    ]


def test_a_fault_in_an_extended_file_names_that_file(region_file: Path, faults_of: FaultsOf) -> None:
    Path("base").mkdir()
    Path("base/shared.yaml").write_text("search:\n  sampler: tpe\n  workers: 0\n")
    found = faults_of(replace=("region: toyville", "extends: ./base/shared.yaml\nregion: toyville"))
    assert len(found) == 1
    assert found[0].startswith("search.workers (base/shared.yaml line 3): `workers` must be at least 1, but got 0. ")
