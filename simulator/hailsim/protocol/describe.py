"""The output of `hailsim describe`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hailsim import __version__
from hailsim.model.city import City
from hailsim.model.metrics import METRICS
from hailsim.model.settings import SETTINGS, SettingSpec
from hailsim.planner.parameters import PARAMETERS
from hailsim.protocol.schema import CONTRACT_VERSION


def description(city: City | None) -> dict[str, Any]:
    """The answer to `describe`, including a city if given."""
    return {
        "contract": CONTRACT_VERSION,
        "simulator": {"name": "hailsim", "version": __version__},
        "parameters": [asdict(spec) | {"type": "float"} for spec in PARAMETERS],
        "metrics": [asdict(spec) for spec in METRICS],
        "settings": [_setting(spec) for spec in SETTINGS],
        "routes": True,
        "city": None if city is None else _facts(city),
    }


def _setting(spec: SettingSpec) -> dict[str, Any]:
    """Only a setting with an unknown value says so."""
    return {name: value for name, value in asdict(spec).items() if name != "unknown" or value is not None}


def _facts(city: City) -> dict[str, Any]:
    return {
        "name": city.name,
        "digest": city.digest,
        "first_day": city.first_day.isoformat(),
        "last_day": city.last_day.isoformat(),
        "links": city.network.links,
        "drivers": city.fleet.taxis,
        "currency": city.fare.currency,
        "minor_per_major": city.fare.minor_per_major,
    }
