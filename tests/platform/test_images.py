"""The Dockerfiles, as far as they can be tested without an engine: what they copy, install, run as, and what they ship."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
INSTRUCTION = re.compile(r"^([A-Z]+) (.*)$", re.MULTILINE)
PINNED = re.compile(r"^[a-z0-9/.-]+(:[0-9]+\.[0-9]+\.[0-9]+[\w.-]*|@sha256:[0-9a-f]{64})$")


def instructions(path: Path) -> list[tuple[str, str]]:
    """Instructions and their arguments, continued lines joined."""
    return INSTRUCTION.findall(re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8")))


def copied(path: Path) -> list[str]:
    """Sources from the build context."""
    return [
        source
        for name, rest in instructions(path)
        if name == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]


def tracked(*places: str) -> list[str]:
    """Files under version control."""
    command = ["git", "ls-files", *places]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def context() -> set[str]:
    """Files that git tracks and that .dockerignore lets into the build context."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert patterns[0] == "*"
    listed = tracked()
    allowed = tuple(pattern[1:] for pattern in patterns if pattern[0] == "!")
    refused = tuple(pattern for pattern in patterns[1:] if pattern[0] != "!" and not pattern.startswith("**"))
    return {path for path in listed if path.startswith(allowed) and not path.startswith(refused)}


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_everything_copied_is_in_the_repository_and_in_the_build_context(path: Path) -> None:
    sent = context()
    assert copied(path)
    for source in copied(path):
        assert any(name == source or name.startswith(source.rstrip("/") + "/") for name in sent), source


def test_nothing_is_sent_to_the_engine_that_no_image_needs() -> None:
    sources = tuple(source for path in DOCKERFILES for source in copied(path))
    assert {name for name in context() if not name.startswith(sources)} == set()
    assert not [name for name in context() if "/tests/" in name or name.startswith(("tests/", "benchmarks/", "."))]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_images_are_pinned_in_one_place_built_in_stages_and_run_as_nobody(path: Path) -> None:
    listed = instructions(path)
    bases = [rest.split()[0] for name, rest in listed if name == "FROM"]
    assert len(bases) == 2
    assert set(bases) <= {"${PYTHON_IMAGE}", "${SIMULATOR_IMAGE}"}
    defaults = [rest.partition("=")[2] for name, rest in listed if name == "ARG" and "=" in rest]
    assert all(PINNED.match(default) for default in defaults)
    assert [rest for name, rest in listed if name == "USER"][-1] == "10001:10001"
    installs = [part for name, rest in listed if name == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert installs
    assert all("--require-hashes" in part or "--no-deps" in part for part in installs)


def test_only_the_simulators_dockerfile_names_a_foreign_image() -> None:
    named = {path.stem: [rest for name, rest in instructions(path) if name == "ARG" and "=" in rest] for path in DOCKERFILES}
    assert len(named["simulator"]) == 1
    assert named["pipeline"] == []


def test_kernels_are_compiled_at_build_time_for_a_family_of_processors() -> None:
    listed = instructions(ROOT / "docker" / "simulator.Dockerfile")
    names = [name for name, _ in listed]
    environment = next(rest for name, rest in listed if name == "ENV")
    assert "NUMBA_CPU_NAME=x86-64-v3" in environment
    assert names.index("ENV") < listed.index(("RUN", "hailsim warmup")) < names.index("USER")


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_pipeline_adds_packages_to_the_simulators_and_replaces_none() -> None:
    simulator, team = pins("requirements-simulator.lock"), pins("requirements-team.lock")
    assert len(simulator) > 10
    assert {name: team.get(name) for name in simulator} == simulator


@pytest.mark.slow
def test_the_wheel_holds_every_file_that_the_packages_need(tmp_path: Path) -> None:
    """What an image installs is a wheel, and a schema or a template that is not in it is missed only in the cluster."""
    listed = tracked("flows", "tasks", "tunegate", "pyproject.toml", "README.md")
    for name in listed:
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / "src" / name)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    subprocess.run([*wheel, str(tmp_path / "src")], check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        shipped = set(archive.namelist())
    assert {name for name in listed if "/" in name} - shipped == set()
