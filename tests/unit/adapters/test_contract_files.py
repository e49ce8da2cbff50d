"""Both sides of the contract test against the same schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.unit.adapters.test_simulator_routes import REQUEST
from tunegate.adapters.simulator.messages import schema

ROOT = Path(__file__).parents[3]
OURS = ROOT / "tunegate" / "adapters" / "simulator" / "contract"
HAILSIMS = ROOT / "simulator" / "hailsim" / "contract"
PUBLISHED = "published.schema.json"  # between tunegate and production; no simulator sees it


def test_our_copies_of_the_schemas_are_hailsims_byte_for_byte():
    assert {path.name: path.read_bytes() for path in OURS.glob("*.json") if path.name != PUBLISHED} == {
        path.name: path.read_bytes() for path in HAILSIMS.glob("*.json")
    }


@pytest.mark.parametrize("name", ["request", "routes_request", "answer", "description", "worlds", "published"])
def test_each_schema_is_one(name):
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", ["request", "routes_request", "answer", "description"])
def test_each_schema_of_the_contract_names_the_newest_version_that_the_docs_list(name):
    versions = re.findall(r"^\| (1\.\d+) \|", (ROOT / "docs" / "simulator-contract.md").read_text("utf-8"), re.MULTILINE)
    assert schema(name)["$id"] == f"urn:tunegate:simulator-contract:{versions[-1]}:{name}"


def test_the_routes_requests_we_send_fit_the_contract():
    message = json.loads(json.dumps(REQUEST.as_message()))
    assert list(Draft202012Validator(schema("routes_request")).iter_errors(message)) == []


def test_the_requests_we_send_fit_the_contract(request_for):
    message = json.loads(json.dumps(request_for(settings={"a": True, "b": 1, "c": "x"}).as_message()))
    assert list(Draft202012Validator(schema("request")).iter_errors(message)) == []


@pytest.mark.parametrize("name", ["map.js", "map.css"])
def test_our_copy_of_the_map_is_hailsims_byte_for_byte(name):
    ours = ROOT / "tunegate" / "report" / "page" / "templates" / name
    assert ours.read_bytes() == (ROOT / "simulator" / "hailsim" / "maps" / name).read_bytes()
