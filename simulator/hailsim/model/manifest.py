"""Strict parsing of `city.json`: JSON syntax, schema and internal consistency."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from hailsim.faults import BadInput, Fault, refuse
from hailsim.model.tables import LINKS_FILE, PATTERN_FILE, TRIPS_FILE

FORMAT = "hailsim-city/1"
MAX_DAYS = 3660
_REMEDY = "Correct the value by docs/city-format.md, or import the city again."


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads((resources.files("hailsim") / "model" / "city.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def read_manifest(data: bytes, place: str) -> dict[str, Any]:
    """Parse city.json. Raises BadInput listing every fault of syntax, keys, types, bounds, dates and time zone."""
    try:
        manifest = json.loads(data, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors too
        raise refuse("city.json must be strict JSON: no NaN, no repeated key", error, place, _REMEDY) from error
    errors = sorted(_validator().iter_errors(manifest), key=lambda error: [str(step) for step in error.absolute_path])
    faults = [_fault(error, place) for error in errors]
    if not faults:
        faults = _inner_faults(manifest, place)
    if faults:
        raise BadInput(faults)
    checked: dict[str, Any] = manifest
    return checked


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    repeated = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) < len(keys) else []
    if repeated:
        raise ValueError(f"repeated keys: {', '.join(repeated)}")
    return dict(pairs)


def _fault(error: ValidationError, place: str) -> Fault:
    where = ".".join(str(step) for step in error.absolute_path)
    schema = error.schema
    remedy = str(schema["description"]) if isinstance(schema, dict) and "description" in schema else _REMEDY
    if error.validator in {"required", "additionalProperties", "oneOf"}:
        return Fault(
            "city.json must have exactly the keys of its format",
            error.message[:300],
            f"{place}{' → ' + where if where else ''}",
            remedy,
        )
    value = repr(error.instance)
    rule = f"{where or 'city.json'} obeys {error.validator} {json.dumps(error.validator_value)[:120]}"
    return Fault(rule, value if len(value) <= 80 else value[:77] + "…", f"{place} → {where}", remedy)


def _inner_faults(manifest: dict[str, Any], place: str) -> list[Fault]:
    """Rules beyond the schema: valid dates in order, a known time zone, the files that the demand needs."""
    faults: list[Fault] = []
    days = {key: _day(manifest[key]) for key in ("first_day", "last_day")}
    texts = [manifest["first_day"], manifest["last_day"], *manifest["holidays"], *manifest["demand"].get("holiday_factor", {})]
    faults += [
        Fault("a date must exist in the calendar", text, place, "Write a date that exists, like 2024-12-31.")
        for text in texts
        if _day(text) is None
    ]
    first, last = days["first_day"], days["last_day"]
    if first is not None and last is not None and not 0 <= (last - first).days < MAX_DAYS:
        rule = f"`first_day <= last_day` must hold, at most {MAX_DAYS} days"
        faults.append(Fault(rule, f"first_day={first}, last_day={last}", place, _REMEDY))
    if not _zone_exists(lambda: ZoneInfo(manifest["timezone"])):
        remedy = "Write it like America/New_York; on a bare system install the IANA database (package tzdata)."
        faults.append(Fault("timezone must be an IANA time zone name", manifest["timezone"], f"{place} → timezone", remedy))
    if max(manifest["fleet"]["active_share"]) <= 0.0:
        faults.append(Fault("some taxi must be active at some hour", "24 zeros", f"{place} → fleet.active_share", _REMEDY))
    table = TRIPS_FILE if manifest["demand"]["kind"] == "recorded" else PATTERN_FILE
    faults += [
        Fault(f"files must list {name}", ", ".join(manifest["files"]), f"{place} → files", "Import the city again.")
        for name in (LINKS_FILE, table)
        if name not in manifest["files"]
    ]
    return faults


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _zone_exists(look_up: Callable[[], ZoneInfo]) -> bool:
    try:
        look_up()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
