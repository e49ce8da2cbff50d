"""An installation as a user has one: a folder of its own, the real command line, a real Prefect server, real processes."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cli.local_server.server import orchestration

if TYPE_CHECKING:
    from tests.flows.offices import Office

QUADRATIC = Path(__file__).parents[1] / "simulators" / "quadratic.py"
RUN_TIMEOUT_S = 600

REGION: dict[str, Any] = {
    "region": "toyville",
    "seed": 7,
    "simulator": {"command": [sys.executable, str(QUADRATIC)], "city": "anywhere"},
    "periods": {
        "history": {"first": "2026-01-01", "last": "2026-01-28"},
        "tuning": {"first": "2026-01-29", "last": "2026-01-30"},
        "validation": {"first": "2026-02-01", "last": "2026-02-03"},
        "test": {"first": "2026-02-05", "last": "2026-02-12"},
    },
    "search": {
        "trials": 8,
        "workers": 2,
        "failure_budget": 10,
        "attempts_per_trial": 5,
        "confirm_top": 2,
        "confirm_seeds_per_day": 1,
        "space": {
            "gamma": {"low": 0.8, "high": 0.999},
            "max_wait_s": {"type": "int", "low": 60, "high": 900},
            "turn_left_weight": {"low": 0.0, "high": 5.0},
        },
    },
    "production": {"gamma": 0.85, "max_wait_s": 150, "turn_left_weight": 0.5},
    "gate": {
        "seeds_per_day": 2,
        "minimum_effect_pct": 0.5,
        "fallback_margin_pct": 0.5,
        "one_sided_level": 0.05,
        "verdicts_per_period": 5,
        "minimum_days": 5,
        "maximum_test_age_days": 400,
        "worst_zone_margin_pct": 2.0,
        "guardrails": {"wait_mean_s": {"good": "lower", "kind": "relative_pct", "margin": 2.0}},
    },
}


@dataclass(frozen=True)
class Ran:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def outcome(self) -> dict[str, Any]:
        """The JSON object on the last line of stdout."""
        assert self.code == 0, self.stderr
        loaded: dict[str, Any] = json.loads(self.stdout.splitlines()[-1])
        return loaded


class Installation:
    """A workspace of its own in a temporary folder, and the command line on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.log = root / "requests.jsonl"
        self.environment = {**os.environ, "TUNEGATE_HOME": str(self.home), "TUNEGATE_CONFIGS": str(root)}

    def region_file(self, *simulator_options: str, **changes: Any) -> Path:
        """A region file of the toy city; `changes` replace keys, with __ for a dot."""
        region = copy.deepcopy(REGION)
        region["simulator"]["command"] += ["--log", str(self.log), *simulator_options]
        for dotted, value in changes.items():
            *outer, last = dotted.split("__")
            section = region
            for part in outer:
                section = section[part]
            section[last] = value
        path = self.root / "toyville.yaml"
        path.write_text(yaml.safe_dump(region))
        return path

    def run(self, *arguments: str | Path) -> Ran:
        """Run `tunegate …` to its end."""
        ran = subprocess.run(
            [sys.executable, "-m", "cli.main", *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def retune(self, *simulator_options: str, arguments: tuple[str, ...] = (), **changes: Any) -> Ran:
        """Run `tunegate retune … --json` on the toy city."""
        return self.run("retune", self.region_file(*simulator_options, **changes), "--json", *arguments)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start `tunegate …` in a session of its own, to be interrupted."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", *map(str, arguments)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def python(self, script: str, *arguments: str) -> str:
        """What a Python script prints that works on this installation as the flows do."""
        ran = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def requests(self) -> list[dict[str, Any]]:
        """Every request the simulator got, in order."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One real Prefect server for all tests of this process; installations find it as a team's would."""
    with orchestration(tmp_path_factory.mktemp("prefect")) as url:
        yield url


@pytest.fixture
def installation(tmp_path: Path, prefect_api: str) -> Installation:
    """A fresh installation that uses the shared server."""
    return Installation(tmp_path)


@pytest.fixture
def open_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Office]:
    """Opens an office whose region names these people."""
    from tests.flows.offices import GATE, RELEASE, Office

    installation = Installation(tmp_path)
    # Commands in this process know of no server, those of `installation.run` of the shared one.
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("TUNEGATE_HOME", str(installation.home))
    monkeypatch.setenv("TUNEGATE_CONFIGS", str(installation.root))
    monkeypatch.setenv("TUNEGATE_USER", "carl")
    return lambda **release: Office(installation, capsys, installation.region_file(release={**RELEASE, **release}, **GATE))


@pytest.fixture
def office(open_office: Callable[..., Office]) -> Office:
    """An office of Ada and ben; carl begins campaigns."""
    return open_office()
