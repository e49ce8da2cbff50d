"""infra/terraform fits the provider's schema, and what it shares with manifests, work pools and adapters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.platform.terraform_checks import Module, read_schema, reference_faults, schema_faults

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "terraform"
SCHEMA = read_schema(FOLDER)


@pytest.fixture(scope="module")
def module() -> Module:
    return Module.of(FOLDER)


def written(folder: Path, text: str) -> Module:
    (folder / "main.tf").write_text(text, encoding="utf-8")
    return Module.of(folder)


def test_every_argument_is_one_the_provider_knows(module: Module) -> None:
    assert schema_faults(module, SCHEMA) == []


def test_every_reference_is_declared_and_every_declaration_used(module: Module) -> None:
    assert reference_faults(module, SCHEMA) == []


def test_the_schema_is_that_of_the_provider_version_that_is_asked_for() -> None:
    asked = re.search(r'hashicorp/google"\s+version = "~> ([0-9.]+)"', (FOLDER / "versions.tf").read_text(encoding="utf-8"))
    assert asked is not None
    assert SCHEMA["provider"].startswith(asked[1] + ".")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('nmae = "x"', "google_sql_user.u: there is no argument nmae"),
        ('name = "x"', "google_sql_user.u: instance is missing"),
        ('name = 5\n  instance = "i"', "google_sql_user.u.name: 5 is a number, wanted is a string"),
        ('name = "x"\n  instance = "i"\n  password_policy = {}', "google_sql_user.u.password_policy: this is a block"),
        ('name = "x"\n  instance = "i"\n  password_policy {}\n  password_policy {}', "stands there 2 times"),
        ('name = "x"\n  instance = "i"\n  password_policy {\n    typo = 1\n  }', "password_policy: there is no argument typo"),
        ('name = "x"\n  instance {}', "google_sql_user.u.instance: this is no block"),
    ],
)
def test_what_the_provider_would_refuse_is_found(tmp_path: Path, body: str, fault: str) -> None:
    module = written(tmp_path, f'resource "google_sql_user" "u" {{\n  {body}\n}}\n')
    assert fault in "\n".join(schema_faults(module, SCHEMA))


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("var.nowhere", "var.nowhere is not declared"),
        ('"${local.nowhere}-x"', "local.nowhere is not declared"),
        ("google_sql_user.other.name", "google_sql_user.other is not declared"),
        ("google_sql_user.u.nmae", "google_sql_user.u has no attribute nmae"),
        ("ephemeral.random_password.p.result", "ephemeral.random_password.p is not declared"),
    ],
)
def test_a_reference_to_nothing_is_found(tmp_path: Path, expression: str, fault: str) -> None:
    module = written(tmp_path, f'variable "idle" {{}}\nresource "google_sql_user" "u" {{\n  name = {expression}\n}}\n')
    words = reference_faults(module, SCHEMA)
    assert fault in words
    assert "var.idle is declared, but nothing refers to it" in words


def test_variables_and_outputs_are_described(module: Module) -> None:
    for name, body in {**module.variables, **module.outputs}.items():
        assert len(body["description"]) > 20, name
    assert all("type" in body for body in module.variables.values())


def test_the_example_gives_every_variable_without_a_default(module: Module) -> None:
    given = set(re.findall(r"^(\w+) +=", (FOLDER / "example.tfvars").read_text(encoding="utf-8"), re.MULTILINE))
    assert given == {name for name, body in module.variables.items() if "default" not in body}


def test_no_secret_can_reach_the_state(module: Module) -> None:
    """Only write-only arguments and ephemeral values hold a password."""
    for type_name, named in module.resources.items():
        assert type_name not in {"random_password", "google_service_account_key"}
        for body in named.values():
            assert not {"password", "root_password", "secret_data"} & set(body)
    ephemeral = {text for text in _strings(module.everything) if "ephemeral." in text}
    holders = [
        key for named in module.resources.values() for body in named.values() for key, value in body.items()
        if isinstance(value, str) and value in ephemeral
    ]  # fmt: skip
    assert sorted(set(holders)) == ["password_wo", "secret_data_wo"]
    assert not any("ephemeral." in text for text in _strings(list(module.outputs.values())))


def test_node_pools_are_the_ones_that_the_work_pools_select(module: Module) -> None:
    assert set(module.variables["node_pools"]["default"]) == {"orchestrators", "tuning", "simulations"}
    node = module.resources["google_container_node_pool"]["pool"]["node_config"][0]
    for pool, terms in module.variables["node_pools"]["default"].items():
        variables = json.loads((ROOT / "infra" / "work-pools" / f"{pool}.json").read_text())["variables"]["properties"]
        (label,) = node["labels"]
        assert variables["node_selector"]["default"] == {label.strip('"'): pool}
        (toleration,) = variables["tolerations"]["default"]
        assert toleration["key"] == node["taint"][0]["key"].strip('"')
        assert toleration["effect"].upper() == terms["taint_effect"].strip('"').replace("_", "")
    assert module.variables["node_pools"]["default"]["simulations"]["spot"] is True


def test_the_tables_are_those_of_the_adapter(module: Module) -> None:
    folder = ROOT / "tunegate" / "adapters" / "google" / "bigquery"
    assert module.locals["table_folder"].strip('"') == "${path.module}/../../tunegate/adapters/google/bigquery"
    assert {path.stem for path in folder.glob("*.json")} == {"day_results", "trials", "verdicts"}
    for path in folder.glob("*.json"):
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        columns = {column["name"]: column for column in table["schema"]["fields"]}
        assert table["description"]
        assert columns[table["timePartitioning"]["field"]]["type"] in {"TIMESTAMP", "DATE"}
        assert set(table["clustering"]["fields"]) <= set(columns)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in inner for text in _strings(part)]
