from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from tunegate.config.loading import load_region
from tunegate.config.region import Bundled, CityFolder, CitySource, resolve_periods
from tunegate.domain.parameters import Dimension, Direction, Parameters
from tunegate.domain.periods import Period
from tunegate.gate.policy import GuardrailKind, GuardrailPolicy


def test_a_region_file_becomes_the_domains_types(region_file: Path) -> None:
    config = load_region(region_file)
    assert config.dimensions == (
        Dimension("gamma", "float", 0.5, 0.99),
        Dimension("max_wait_s", "float", 30, 600, log=True),
        Dimension("sweeps", "int", 1, 8),
    )
    assert config.production == Parameters({"gamma": 0.9, "max_wait_s": 300, "sweeps": 4})
    assert (config.budget.trials, config.budget.failure_budget, config.budget.attempts_per_trial) == (10, 3, 3)
    policy = config.gate.policy()
    assert policy.guardrails == (GuardrailPolicy("wait_mean_s", Direction.LOWER, 2.0, GuardrailKind.RELATIVE_PCT),)
    assert (policy.minimum_days, policy.one_sided_level, policy.worst_zone_margin_pct) == (5, 0.05, 2.0)


def test_a_region_wins_over_what_it_extends_and_null_removes_a_parameter(region_file: Path) -> None:
    Path("shared.yaml").write_text(
        "search: {workers: 7, trials: 99, space: {old: {low: 0, high: 1}}}\n"
        "simulator: {settings: {taxis: 5, compliance: 0.5}}\n"
        "gate: {guardrails: {wait_mean_s: {good: higher, kind: points, margin: 9}, trips: {good: higher}}}\n"
    )
    text = region_file.read_text().replace("region: toyville", "extends: shared.yaml\nregion: toyville")
    text = text.replace("    gamma: {low", "    old: null\n    gamma: {low").replace(
        "    wait_mean_s:", "    trips: null\n    wait_mean_s:"
    )
    region_file.write_text(text.replace("  command:", "  settings: {taxis: 6}\n  command:"))
    config = load_region(region_file)
    assert (config.search.workers, config.search.trials) == (7, 10)
    assert [axis.name for axis in config.dimensions] == ["gamma", "max_wait_s", "sweeps"]
    assert config.simulator.settings == {"taxis": 6, "compliance": 0.5}
    assert [guardrail.margin for guardrail in config.gate.policy().guardrails] == [2.0]


def test_a_chain_of_files_is_merged_from_the_far_end(region_file: Path) -> None:
    Path("world.yaml").write_text("search: {workers: 3, sampler: random}\n")
    Path("country.yaml").write_text("extends: world.yaml\nsearch: {workers: 4}\n")
    region_file.write_text("extends: country.yaml\n" + region_file.read_text())
    config = load_region(region_file)
    assert (config.search.workers, config.search.sampler) == (4, "random")


def test_overrides_win_in_the_order_given_and_are_read_as_yaml(region_file: Path) -> None:
    config = load_region(
        region_file,
        [
            "search.workers=3",
            "search.workers=5",
            "search.space.gamma={low: 6e-1, high: 0.95}",
            "simulator.command=[other, --flag]",
            "simulator.settings.late=true",
            "gate.worst_zone_margin_pct=null",
        ],
    )
    assert config.search.workers == 5
    assert config.dimensions[0] == Dimension("gamma", "float", 0.6, 0.95)
    assert config.command == ("other", "--flag")
    assert config.simulator.settings == {"late": True}
    assert config.gate.policy().worst_zone_margin_pct is None


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "0.001", ".001", "1.0e-3"])
def test_numbers_may_be_written_as_everywhere_else(region_file: Path, text: str) -> None:
    config = load_region(region_file, [f"search.space.gamma.low={text}"])
    assert config.dimensions[0].low == 0.001


@pytest.mark.parametrize(
    ("overrides", "city"),
    [
        (["simulator.city=toyville"], Bundled("toyville")),
        (["simulator.city=./cities/toyville"], CityFolder(Path("cities/toyville"))),
        (["simulator.city=null", "simulator.city_source=data/raw"], CitySource(Path("data/raw"))),
        (["simulator.city=/srv/cities/toyville"], CityFolder(Path("/srv/cities/toyville"))),
    ],
)
def test_a_city_is_a_name_a_folder_or_raw_data(
    region_file: Path, tmp_path: Path, overrides: list[str], city: Bundled | CityFolder | CitySource
) -> None:
    found = load_region(region_file, overrides).city
    expected = city if isinstance(city, Bundled) else type(city)(tmp_path / city.path)
    assert found == expected


def test_relative_paths_start_at_the_file_that_names_them(region_file: Path, tmp_path: Path) -> None:
    Path("base").mkdir()
    Path("base/shared.yaml").write_text("simulator: {command: [python, ./sim.py, ../x, plain/y]}\n")
    text = region_file.read_text().replace("region: toyville", "extends: base/shared.yaml\nregion: toyville")
    region_file.write_text(text.replace("  command: [toysim]\n", "").replace("city: toyville", "city_source: ../data"))
    config = load_region(region_file)
    assert config.command == ("python", f"{tmp_path}/base/sim.py", f"{tmp_path}/x", "plain/y")
    assert config.city == CitySource(tmp_path.parent / "data")


def test_the_digest_is_the_same_wherever_the_file_lies_and_changes_with_every_value(region_file: Path, tmp_path: Path) -> None:
    config = load_region(region_file)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "copy.yaml").write_text(region_file.read_text())
    assert load_region(elsewhere / "copy.yaml").digest == config.digest
    changed = [
        load_region(region_file, [override]).digest for override in ("seed=8", "search.trials=11", "production.gamma=0.8")
    ]
    assert len({config.digest, *changed}) == 4


def test_a_config_is_frozen_and_survives_pickling(region_file: Path) -> None:
    config = load_region(region_file)
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 our own bytes
    with pytest.raises(ValidationError, match="frozen"):
        config.search.trials = 5


def test_relative_periods_are_counted_back_from_the_newest_day_without_gap(region_file: Path) -> None:
    relative = "periods={newest_complete_day: auto, history_days: 28, tuning_days: 2, validation_days: 4, test_days: 14}"
    periods = resolve_periods(load_region(region_file, [relative]), date(2024, 3, 31))
    assert periods.test == Period(date(2024, 3, 18), date(2024, 3, 31))
    assert periods.validation == Period(date(2024, 3, 14), date(2024, 3, 17))
    assert periods.tuning == Period(date(2024, 3, 12), date(2024, 3, 13))
    assert periods.history == Period(date(2024, 2, 13), date(2024, 3, 11))
    assert not periods.faults()


def test_a_named_newest_day_wins_over_the_data(region_file: Path) -> None:
    relative = "periods={newest_complete_day: 2024-03-20, history_days: 1, tuning_days: 1, validation_days: 2, test_days: 1}"
    periods = resolve_periods(load_region(region_file, [relative]), date(2024, 3, 31))
    assert periods.test == Period(date(2024, 3, 20), date(2024, 3, 20))
    assert periods.history.first == date(2024, 3, 16)


def test_fixed_periods_are_what_they_are(region_file: Path) -> None:
    periods = resolve_periods(load_region(region_file), date(2030, 1, 1))
    assert periods.test == Period(date(2024, 3, 10), date(2024, 3, 16))
