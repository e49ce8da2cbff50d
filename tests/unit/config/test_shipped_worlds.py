"""The worlds that ship fit their regions: the simulator, the city, days before the test period."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.config.test_shipped_configs import RECORDED, REPOSITORY, described
from tunegate.config.against_simulator import config_faults
from tunegate.config.loading import load_region
from tunegate.config.region import resolve_periods
from tunegate.config.world_models import WorldsSection
from tunegate.config.worlds import read_worlds
from tunegate.domain.simulation import SimulatorDescription

WORLDS = REPOSITORY / "configs" / "worlds"
SCRIPT = REPOSITORY / "scripts" / "build_worlds.py"
RECORDS = REPOSITORY.parent / "shared" / "data" / "sf"
needs_records = pytest.mark.skipif(not RECORDS.is_dir(), reason=f"needs the San Francisco taxi records in {RECORDS}")
# What hailsim makes of the records in ../shared/data/sf, in whatever folder.
SAN_FRANCISCO = replace(
    RECORDED, name="san_francisco", digest="sha256:f9d7396792950e796c2cfb2cd2847746ce5ae6bca2e9c4f282bb09912e94c54d"
)
EACH_REGION = pytest.mark.parametrize("region", ["manhattan", "san_francisco"])


@cache
def description_of(region: str) -> SimulatorDescription:
    """What hailsim says of the region's city, which needs no records."""
    return described("--city", region) if region == "manhattan" else replace(described(), city=SAN_FRANCISCO)


def document(region: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((WORLDS / f"{region}.json").read_text("utf-8"))
    return found


@EACH_REGION
def test_shipped_worlds_fit_simulator_and_city_of_their_region(region: str) -> None:
    path = WORLDS / f"{region}.json"
    worlds = read_worlds(WorldsSection(file=path.name), path)
    assert len(worlds.worlds.believed) == 16
    config = replace(load_region(REPOSITORY / "configs" / "regions" / f"{region}.yaml"), worlds=worlds)
    assert config_faults(config, description_of(region)) == ()


@EACH_REGION
def test_shipped_worlds_leave_no_declared_unknown_out(region: str) -> None:
    declared = {setting.name for setting in description_of(region).settings if setting.unknown is not None}
    assert declared
    assert all(world["settings"].keys() == declared for world in document(region)["worlds"])


@EACH_REGION
def test_no_test_day_of_the_region_had_a_part_in_its_worlds(region: str) -> None:
    config, city = load_region(REPOSITORY / "configs" / "regions" / f"{region}.yaml"), description_of(region).city
    assert city is not None
    first_test_day = resolve_periods(config, city.last_day).test.days[0]
    made, parts = document(region), ("calibration", "check")
    assert all(date.fromisoformat(made[part]["days"]["last"]) < first_test_day for part in parts)


@EACH_REGION
def test_shipped_worlds_name_no_machine(region: str) -> None:
    text = (WORLDS / f"{region}.json").read_text("utf-8")
    assert "/" not in text.replace(document(region)["format"], "")


@pytest.mark.slow
@needs_records
def test_the_recorded_city_is_the_one_its_worlds_are_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hailsim", "import", str(RECORDS), "--out", str(tmp_path / "any_name")]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    city = described("--city", str(tmp_path / "any_name")).city
    assert city is not None
    assert city.digest == document("san_francisco")["city"]["digest"] == SAN_FRANCISCO.digest


def test_the_script_refuses_a_region_it_does_not_know() -> None:
    asked = subprocess.run([sys.executable, str(SCRIPT), "atlantis"], capture_output=True, text=True, check=False, timeout=120)
    assert asked.returncode == 2
    assert "a region must be one of manhattan, san_francisco, but got atlantis" in asked.stderr
