from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tunegate.config.against_simulator import config_faults
from tunegate.config.loading import load_region
from tunegate.domain.parameters import Direction, MetricSpec, ParameterSpec
from tunegate.domain.simulation import CityFacts, SettingSpec, SimulatorDescription

TOY = SimulatorDescription(
    name="toysim",
    version="1",
    parameters=(
        ParameterSpec("gamma", "float", "1/min", 0.5, 0.999, 0.95, "Discount."),
        ParameterSpec("max_wait_s", "float", "s", 10, 3600, 300, "Assumed wait."),
        ParameterSpec("sweeps", "int", "", 1, 8, 4, "Sweeps."),
    ),
    metrics=(MetricSpec("wait_mean_s", "s", Direction.LOWER, "Wait."), MetricSpec("share", "%", Direction.NEITHER, "Share.")),
    settings=(
        SettingSpec("taxis", "int", "taxis", 0, "Fleet.", 0, 1000),
        SettingSpec("compliance", "float", "share", 0.8, "Compliance.", 0.0, 1.0),
        SettingSpec("late", "bool", "", False, "Late."),
        SettingSpec("mode", "str", "", "replay", "Mode."),
    ),
    city=CityFacts("toyville", "sha256:0", date(2024, 3, 1), date(2024, 3, 31), 100, 50, "USD", 100),
)

FAULTS = [
    (
        "production={gamma: 0.9, max_wait_s: 300, sweeps: 4, gama: 1}",
        "production.gama: a production parameter must be one of the simulator's, but got `gama`. Did you mean `gamma`?",
    ),
    (
        "search.space.gamma.low=0.4",
        "search.space.gamma: the simulator takes gamma from 0.5 to 0.999 1/min, but got 0.4..0.99. Search within these bounds.",
    ),
    (
        "search.space.sweeps.type=float",
        "search.space.sweeps: the simulator takes whole numbers for sweeps, but got type: float. Set type: int.",
    ),
    (
        "simulator.settings.taxi=5",
        "simulator.settings.taxi: a setting must be one of the simulator's, but got `taxi`. Did you mean `taxis`?",
    ),
    (
        "simulator.settings.taxis=5.5",
        "simulator.settings.taxis: the simulator takes a int for taxis, but got 5.5. It means: Fleet.",
    ),
    (
        "simulator.settings.taxis=true",
        "simulator.settings.taxis: the simulator takes a int for taxis, but got True. It means: Fleet.",
    ),
    (
        "simulator.settings.compliance=1.5",
        "simulator.settings.compliance: the simulator takes compliance from 0 to 1 share, but got 1.5. Correct the value.",
    ),
    (
        "simulator.settings.late=1",
        "simulator.settings.late: the simulator takes a bool for late, but got 1. It means: Late.",
    ),
    (
        "gate.guardrails.wait_mean={good: lower, kind: points, margin: 1}",
        (
            "gate.guardrails.wait_mean: a guardrail must name a metric of the simulator, but got wait_mean. "
            "Choose among share, wait_mean_s."
        ),
    ),
    (
        "gate.guardrails.wait_mean_s.good=higher",
        "gate.guardrails.wait_mean_s: the simulator says that lower is good, but got higher. Turn the direction round.",
    ),
    (
        "periods.history.first=2024-02-27",
        (
            "periods.history: the data of toyville covers 2024-03-01 to 2024-03-31, but got history 2024-02-27..2024-03-05. "
            "Move the period, or bring data for these days."
        ),
    ),
    (
        "periods.test.last=2024-04-01",
        (
            "periods.test: the data of toyville covers 2024-03-01 to 2024-03-31, but got test 2024-03-10..2024-04-01. "
            "Move the period, or bring data for these days."
        ),
    ),
    (
        "periods={newest_complete_day: auto, history_days: 28, tuning_days: 1, validation_days: 2, test_days: 5}",
        (
            "periods.history: the data of toyville covers 2024-03-01 to 2024-03-31, but got history 2024-02-25..2024-03-23. "
            "Move the period, or bring data for these days."
        ),
    ),
]


def faults(region_file: Path, description: SimulatorDescription, *overrides: str) -> list[str]:
    return [str(fault) for fault in config_faults(load_region(region_file, overrides), description)]


def test_a_config_that_fits_its_simulator_has_no_fault(region_file: Path) -> None:
    settings = "simulator.settings={taxis: 5, compliance: 1, late: true, mode: draw}"
    assert faults(region_file, TOY, settings) == []


@pytest.mark.parametrize(("override", "message"), FAULTS, ids=[override for override, _ in FAULTS])
def test_what_the_simulator_does_not_take_is_refused(region_file: Path, override: str, message: str) -> None:
    assert faults(region_file, TOY, override) == [message]


def test_production_must_name_every_parameter_so_that_what_runs_is_known(region_file: Path) -> None:
    patience = ParameterSpec("patience", "float", "s", 0, 9, 5, "How long.")
    found = faults(region_file, replace(TOY, parameters=(*TOY.parameters, patience)))
    assert found == [
        (
            "production.patience: production must name every parameter of the simulator, but got nothing for patience. "
            "Add what runs now (How long; 5 s by default)."
        )
    ]


def test_a_production_value_beyond_the_simulators_bounds_is_refused_even_where_it_is_not_searched(region_file: Path) -> None:
    narrower = ParameterSpec("unsearched", "int", "", 1, 3, 2, "Not searched.")
    description = replace(TOY, parameters=(*TOY.parameters, narrower))
    assert faults(region_file, description, "production.unsearched=7.5") == [
        "production.unsearched: the simulator takes unsearched from 1 to 3, but got 7.5. Correct the value.",
        "production.unsearched: the simulator takes whole numbers for unsearched, but got 7.5. Correct the value.",
    ]


def test_an_unknown_parameter_is_reported_in_space_and_production(region_file: Path) -> None:
    found = faults(region_file, replace(TOY, parameters=TOY.parameters[:2]))
    assert found == [
        "search.space.sweeps: a searched parameter must be one of the simulator's, but got `sweeps`. Known: gamma, max_wait_s.",
        "production.sweeps: a production parameter must be one of the simulator's, but got `sweeps`. Known: gamma, max_wait_s.",
    ]


def test_days_are_not_judged_without_a_city(region_file: Path) -> None:
    assert faults(region_file, replace(TOY, city=None), "periods.test.last=2030-01-01") == []


def test_every_fault_is_reported_at_once(region_file: Path) -> None:
    found = faults(
        region_file, TOY, "search.space.gamma.low=0.1", "simulator.settings.nothing=1", "periods.test.last=2024-04-01"
    )
    assert [message.split(":")[0] for message in found] == ["search.space.gamma", "simulator.settings.nothing", "periods.test"]
