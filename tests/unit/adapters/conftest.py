"""A toy simulator to start in many ways, and a request that it can answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tunegate.adapters.simulator.subprocess_simulator import ProcessLimits, SubprocessSimulator
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.simulation import SimulationRequest

QUADRATIC = Path(__file__).parents[2] / "simulators" / "quadratic.py"
PATIENT = ProcessLimits(answer_timeout_s=60, start_allowance_s=60)


@pytest.fixture
def toy_command() -> Callable[..., tuple[str, ...]]:
    """The toy's command with options, e.g. `toy_command("--fault", "die")`."""
    return lambda *options: (sys.executable, "-S", str(QUADRATIC), *map(str, options))


@pytest.fixture
async def toy(toy_command):
    """A factory of toy simulators, which are closed at the end."""
    opened: list[SubprocessSimulator] = []

    def start(*options: object, limits: ProcessLimits = PATIENT) -> SubprocessSimulator:
        opened.append(SubprocessSimulator(toy_command(*options), limits))
        return opened[-1]

    yield start
    for simulator in opened:
        await simulator.close()


@pytest.fixture
def request_for() -> Callable[..., SimulationRequest]:
    """A sound request, with fields replaced."""
    sound = SimulationRequest(
        id="toy/trial-0001",
        city="toytown",
        parameters=Parameters({"gamma": 0.9}),
        days=(date(2026, 3, 2), date(2026, 3, 1)),
        seeds=(2, 1),
        forecast=Forecast.ML,
        history=Period(date(2026, 1, 1), date(2026, 2, 28)),
        settings={},
    )
    return lambda **fields: replace(sound, **fields)


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, ProcessLimits], SubprocessSimulator]:
    """A simulator of a few lines of Python."""

    def write(program: str, limits: ProcessLimits = PATIENT) -> SubprocessSimulator:
        path = tmp_path / "script.py"
        path.write_text(program)
        return SubprocessSimulator((sys.executable, "-S", str(path)), limits)

    return write
