"""Every command of docs/deploy-gcp.md: the ones that can run here are run, the others are held against what they name."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from tests.platform.guide import GUIDE, ROOT, blocks, defined, used, words
from tests.platform.terraform_checks import Module

COMMANDS = [command for block in blocks() for command in block.commands]
CLOUD = {
    "gcloud",
    "terraform",
    "kubectl",
    "docker",
    "cp",
    "export",
    "read",
    "infra/kubernetes/create_secrets.sh",
    ".venv/bin/hailsim",
}
LOCAL = {"make", ".venv/bin/python", ".venv/bin/prefect", ".venv/bin/tunegate"}
# What the guide itself makes on the way, or what is the reader's own.
MADE = {"infra/terraform/terraform.tfvars"}


@pytest.fixture(scope="module")
def terraform() -> Module:
    return Module.of(ROOT / "infra" / "terraform")


def test_every_block_says_where_its_commands_run() -> None:
    assert len(COMMANDS) > 30
    for block in blocks():
        assert block.where in {"local", "cloud"}
        assert block.commands
        allowed = LOCAL if block.where == "local" else CLOUD
        assert {command.split()[0] for command in block.commands} <= allowed


def test_commands_are_ones_that_a_shell_understands() -> None:
    for command in COMMANDS:
        check = ["bash", "-n", "-c", command]
        assert subprocess.run(check, capture_output=True, text=True, check=False).stderr == ""


def test_variables_are_set_before_they_are_used() -> None:
    known: set[str] = set()
    for command in COMMANDS:
        assert used(command) - known - defined(command) == set(), command
        known |= defined(command)


def test_files_that_commands_name_are_in_the_repository() -> None:
    said = [word.split("=")[-1] for command in COMMANDS for word in words(command)]
    named = {word for word in said if word.startswith(("infra/", "docker/", "scripts/", "configs/"))}
    assert len(named) >= 8
    for name in named - MADE:
        assert (ROOT / name).exists(), name


def test_terraform_has_the_outputs_and_variables_that_commands_name(terraform: Module) -> None:
    text = "\n".join(COMMANDS)
    outputs = set(re.findall(r"output -(?:raw|json) (\w+)", text))
    assert outputs == set(terraform.outputs)
    assert set(re.findall(r"-var (\w+)=", text)) <= set(terraform.variables)
    prose = GUIDE.read_text(encoding="utf-8")
    sizes = {"node_pools", "mysql_tier", "mysql_max_connections", "password_version"}
    mentioned = set(re.findall(r"`(\w+)(?: = \w+)?`", prose)) & sizes
    assert len(mentioned) == 4
    assert mentioned <= set(terraform.variables)
    keys = {name for name in terraform.outputs["installation"]["value"] if not name.startswith("__")}
    assert set(re.findall(r'\["(\w+)"\]', text)) <= keys


def test_objects_of_the_cluster_that_commands_name_are_in_the_manifests() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "infra" / "kubernetes").glob("*.yaml")]
    objects = {f"{item['kind'].lower()}/{item['metadata']['name']}" for text in texts for item in yaml.safe_load_all(text)} | {
        "namespace/tunegate"
    }
    named = set(re.findall(r"\b((?:deployment|service)/[\w-]+)", "\n".join(c for c in COMMANDS if c.startswith("kubectl"))))
    assert named
    assert named <= objects
    namespaces = set(re.findall(r"(?:--namespace|delete namespace) (\S+)", "\n".join(COMMANDS)))
    assert namespaces == {"tunegate"}


def test_secrets_that_commands_read_are_made_by_terraform(terraform: Module) -> None:
    read = set(re.findall(r"--secret tunegate-production-([\w-]+)", "\n".join(COMMANDS)))
    assert read
    assert all(f'"{name}"' in terraform.locals["passwords"] for name in read)
    assert '"production"' in str(terraform.variables["environment"]["default"])


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", GUIDE.read_text(encoding="utf-8"))
    assert len(links) > 3
    for link in links:
        assert (GUIDE.parent / link).resolve().exists(), link
