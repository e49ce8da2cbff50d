"""The examples as their pages tell people to run them: a newcomer's path, a shop, and SUMO, each to a verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TUNEGATE = Path(sys.executable).parent / "tunegate"
VERDICTS = {"promote", "reject", "inconclusive", "nothing beats production"}
TIMEOUT_S = 900
NO_SUMO = "the package eclipse-sumo is not installed: make setup-sumo"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * TIMEOUT_S)]


def run(*command: str | Path, home: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TUNEGATE_HOME": str(home)}
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=environment, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done


def retuned(region: Path, home: Path, *overrides: str, path: Path | None = None) -> dict[str, object]:
    """The outcome of a campaign."""
    options = [word for override in overrides for word in ("--set", override)]
    outcome = json.loads(run(TUNEGATE, "retune", region, "--json", *options, home=home, path=path).stdout.splitlines()[-1])
    assert outcome["verdict"] in VERDICTS
    return outcome


def test_a_newcomers_path_works_as_printed_in_an_environment_with_nothing_but_the_kit(tmp_path: Path) -> None:
    fresh = tmp_path / "venv"
    venv.create(fresh, with_pip=True)
    kit = tmp_path / "kit"
    listed = run("git", "-C", ROOT / "kit", "ls-files", home=tmp_path).stdout.split()
    for name in listed:  # a copy, because building would write into the checkout
        (kit / name).parent.mkdir(parents=True, exist_ok=True)
        (kit / name).write_bytes((ROOT / "kit" / name).read_bytes())
    run(fresh / "bin" / "pip", "install", "--quiet", kit, home=tmp_path)
    installed = json.loads(run(fresh / "bin" / "pip", "list", "--format=json", home=tmp_path).stdout)
    assert {package["name"] for package in installed} <= {"tunegate-simulator", "pip", "setuptools", "wheel"}
    for name in ("lemonade_stall.py", "lemonade_stall.yaml", "bring_your_own_simulator.yaml"):
        (tmp_path / name).write_bytes((EXAMPLES / name).read_bytes())
    launcher = fresh / "bin" / "tunegate-simulator"
    command = f"{launcher} {tmp_path / 'lemonade_stall.py'}"
    checked = run(TUNEGATE, "simulator", "check", command, "--city", "stall", "--json", home=tmp_path)
    assert json.loads(checked.stdout)["conforms"] is True
    outcome = retuned(tmp_path / "lemonade_stall.yaml", tmp_path, "search.trials=8", path=fresh / "bin")
    assert outcome["candidate"]


def test_a_shop_finds_a_better_reorder_rule_and_no_word_of_its_verdict_is_of_drivers(tmp_path: Path) -> None:
    outcome = retuned(EXAMPLES / "inventory" / "reorder_rule.yaml", tmp_path)
    assert outcome["verdict"] == "promote"
    page = Path(str(outcome["report"])).read_text("utf-8")
    # The name of one check and what it found are in the records of verdicts, which must replay as they were written.
    for recorded in ("Equal driver counts", "the same number of drivers everywhere"):
        page = page.replace(recorded, "")
    assert "Items on the shelf in the evening" in page
    assert "Revenue would have been about" in page
    for word in ("river", "taxi", "passenger", "hailsim"):
        assert word not in page, word


@pytest.mark.skipif(find_spec("sumo") is None and not os.environ.get("CI"), reason=NO_SUMO)
def test_sumo_is_tuned_to_a_verdict_and_the_report_names_nothing_of_hailsim(tmp_path: Path) -> None:
    overrides = ("search.trials=4", "search.confirm_top=1", "periods.test.last=2026-06-13")
    outcome = retuned(EXAMPLES / "sumo" / "sumo_taxis.yaml", tmp_path, *overrides)
    page = Path(str(outcome["report"])).read_text("utf-8")
    for name in ("dispatch_period_s", "detour_pct", "detour_s"):
        assert name in page
    for word in ("hailsim", "gamma", "max_wait_s", "turn_weight"):
        assert word not in page, word


@pytest.mark.long
@pytest.mark.skipif(find_spec("sumo") is None and not os.environ.get("CI"), reason=NO_SUMO)
def test_sumo_conforms(tmp_path: Path) -> None:
    command = f"tunegate-simulator {EXAMPLES / 'sumo' / 'sumo_taxis.py'}"
    checked = run(TUNEGATE, "simulator", "check", command, "--city", "grid", "--timeout", "120", "--json", home=tmp_path)
    assert json.loads(checked.stdout)["conforms"] is True


@pytest.mark.parametrize(
    ("command", "city"),
    [
        (f"{sys.executable} {ROOT / 'tests' / 'simulators' / 'quadratic.py'}", "toytown"),
        (f"{sys.executable} {EXAMPLES / 'bring_your_own_simulator.py'}", "stall"),
        (f"tunegate-simulator {EXAMPLES / 'lemonade_stall.py'}", "stall"),
        (f"tunegate-simulator {EXAMPLES / 'inventory' / 'reorder_rule.py'}", "corner_shop"),
    ],
    ids=["toy", "plain example", "kit example", "shop"],
)
def test_the_simulators_of_tests_and_examples_conform(tmp_path: Path, command: str, city: str) -> None:
    checked = run(TUNEGATE, "simulator", "check", command, "--city", city, "--timeout", "120", "--json", home=tmp_path)
    assert json.loads(checked.stdout)["conforms"] is True


def test_a_failed_rule_ends_with_1_and_a_missing_command_with_2(tmp_path: Path) -> None:
    environment = {**os.environ, "TUNEGATE_HOME": str(tmp_path)}
    lying = f"{sys.executable} {ROOT / 'tests' / 'simulators' / 'lying.py'} no_bounds"
    ended = {
        command: subprocess.run(
            [TUNEGATE, "simulator", "check", command, "--city", "town"],
            capture_output=True, text=True, env=environment, timeout=TIMEOUT_S, check=False,
        )
        for command in (lying, "no-such-simulator")
    }  # fmt: skip
    assert ended[lying].returncode == 1
    assert "does not conform: describe" in ended[lying].stdout
    missing = ended["no-such-simulator"]
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "COMMAND: the simulator's program must exist" in missing.stderr
