"""The example in the documentation is the one that runs, and its region file fits it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tunegate.adapters.simulator.messages import parse_answer
from tunegate.adapters.simulator.subprocess_simulator import SubprocessSimulator
from tunegate.config.against_simulator import config_faults
from tunegate.config.loading import load_region

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "simulator-contract.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "bring_your_own_simulator.py"
REGION = ROOT / "examples" / "bring_your_own_simulator.yaml"


def test_the_code_on_the_page_is_the_code_that_runs():
    (shown,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert shown in EXAMPLE.read_text("utf-8")


def test_the_example_is_short_and_needs_only_the_standard_library():
    lines = [line for line in EXAMPLE.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 35
    assert [line for line in lines if "import" in line] == ["import hashlib, json, random, sys"]


def test_the_region_file_fits_what_the_example_says_of_itself():
    config = load_region(REGION)
    description = asyncio.run(SubprocessSimulator(config.command).describe(config.simulator.city))
    assert config_faults(config, description) == ()


def test_the_links_of_the_page_lead_somewhere():
    targets = re.findall(r"\]\((\.\.[^)#]+)\)", PAGE)
    assert len(targets) >= 5
    assert [target for target in targets if not (ROOT / "docs" / target).exists()] == []


@pytest.mark.parametrize("kind", ["day", "done", "error"])
def test_the_lines_on_the_page_fit_the_schema(kind):
    blocks = "\n".join(re.findall(r"```\n(→.*?|←.*?)```", PAGE, re.DOTALL))
    (line,) = re.findall(rf'^← (\{{"type":"{kind}","id":.*?\}})$', blocks, re.DOTALL | re.MULTILINE)
    text = re.sub(r"\n\s+", "", line).replace("sha256:…", "sha256:" + "0" * 64)
    assert parse_answer(text.encode())["type"] == kind


def test_the_stall_of_the_kit_is_ten_lines_and_the_ones_in_its_readme():
    text = (ROOT / "examples" / "lemonade_stall.py").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 10
    (shown,) = re.findall(r"```python\n(.*?)```", (ROOT / "kit" / "README.md").read_text("utf-8"), re.DOTALL)
    assert shown in text


def test_the_region_file_of_the_kit_fits_what_its_stall_says_of_itself():
    config = load_region(ROOT / "examples" / "lemonade_stall.yaml")
    description = asyncio.run(SubprocessSimulator(config.command).describe(config.simulator.city))
    assert config_faults(config, description) == ()
