"""Validation of requests against the contract's JSON schemas."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

from hailsim.faults import BadInput, Fault, refuse

CONTRACT_VERSION = "1"
_LONGEST_SHOWN = 200


@cache
def schema(name: str) -> dict[str, Any]:
    """One of the contract's schemas: `request`, `routes_request`, `answer`, `description` or `worlds`."""
    text = files("hailsim.contract").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def _validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(schema(name))


def parse_request(text: str, place: str) -> dict[str, Any]:
    """Parse one JSON request for days or routes.

    Raises BadInput: not JSON, another contract version, or schema violations, listed all at once.
    """
    try:
        message = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise refuse("a request must be one JSON object", _shown(text), place, f"The parser says: {error}.") from error
    if isinstance(message, dict) and message.get("contract", CONTRACT_VERSION) != CONTRACT_VERSION:
        remedy = "Use a hailsim and a caller of the same contract version."
        raise refuse(f'contract must be "{CONTRACT_VERSION}"', repr(message["contract"]), "contract", remedy)
    name = "routes_request" if asks_for_routes(message) else "request"
    faults = [
        Fault(
            f"the request must fit its schema: {error.message[:_LONGEST_SHOWN]}",
            _shown(json.dumps(error.instance)),
            error.json_path,
            f"See {name}.schema.json of the contract.",
        )
        for error in sorted(_validator(name).iter_errors(message), key=lambda error: error.json_path)
    ]
    if faults:
        raise BadInput(faults)
    request: dict[str, Any] = message
    return request


def asks_for_routes(message: object) -> bool:
    """Whether the message is a routes request rather than a simulation request."""
    return isinstance(message, dict) and message.get("ask") == "routes"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
