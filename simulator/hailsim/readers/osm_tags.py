"""OpenStreetMap tags of roads: class, speed limit, and whether cars may use them.

Keys and values: https://wiki.openstreetmap.org/wiki/Key:highway, https://wiki.openstreetmap.org/wiki/Key:maxspeed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from hailsim.model.city import RoadClass
from hailsim.model.raw_network import CLASS_UNKNOWN

HIGHWAY_CLASS = {
    "motorway": RoadClass.EXPRESS,
    "motorway_link": RoadClass.EXPRESS,
    "trunk": RoadClass.EXPRESS,
    "trunk_link": RoadClass.EXPRESS,
    "primary": RoadClass.ARTERIAL,
    "primary_link": RoadClass.ARTERIAL,
    "secondary": RoadClass.ARTERIAL,
    "secondary_link": RoadClass.ARTERIAL,
}
# Default speeds of roads without a limit.
HIGHWAY_SPEED_KMH = {
    "motorway": 88.0,
    "motorway_link": 50.0,
    "trunk": 64.0,
    "trunk_link": 50.0,
    "primary": 48.0,
    "primary_link": 40.0,
    "secondary": 40.0,
    "secondary_link": 40.0,
    "tertiary": 40.0,
    "tertiary_link": 30.0,
    "residential": 30.0,
    "unclassified": 30.0,
    "living_street": 10.0,
    "service": 15.0,
}
CLOSED_TO_CARS = frozenset(
    {"bridleway", "bus_guideway", "busway", "corridor", "cycleway", "elevator", "escalator", "footway", "path", "pedestrian"}
    | {"platform", "steps", "via_ferrata"}
    | {"abandoned", "construction", "demolished", "no", "planned", "proposed", "raceway", "razed"}
)
# `access` is not among them: it is often set on streets whose cars a more specific tag would admit.
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle")
_SPEED_KEYS = ("speed_kph", "speed_kmph", "speed_kmh", "maxspeed")
_KMH_PER_UNIT = {"mph": 1.609344, "knots": 1.852}
_NUMBER = re.compile(r"^(?:[A-Z]{2}:zone:?)?(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph|knots)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Speed:
    """A speed in km/h (NaN if unknown). `repair`: the kind of repair that was needed, None if none; `text`: as given."""

    kmh: float
    repair: str | None = None
    text: str = ""


def tag_values(value: object) -> list[str]:
    """The values of a tag: OSMnx keeps those of merged edges in a list, which GraphML stores as text."""
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    text = str(value)
    if text.startswith("[") and text.endswith("]"):
        return [item.strip().strip("'\"") for item in text[1:-1].split(",")]
    return [text]


def highway_values(tags: Mapping[str, Any]) -> list[str]:
    """The `highway` values of a road, none if it has none."""
    return tag_values(tags["highway"]) if tags.get("highway") is not None else []


def closed_to_cars(tags: Mapping[str, Any]) -> str | None:
    """The tag that closes a road to cars, None if it is open. One closed part closes a merged road."""
    closed = [value for value in highway_values(tags) if value in CLOSED_TO_CARS]
    if closed:
        return f"highway={closed[0]}"
    # The most specific access tag decides.
    for key in _ACCESS_KEYS:
        if tags.get(key) is not None:
            return f"{key}=no" if "no" in tag_values(tags[key]) else None
    return None


def road_class(tags: Mapping[str, Any]) -> int:
    """The lowest class of a merged road, so that a street merged with a motorway stays hailable."""
    values = highway_values(tags)
    return min((int(HIGHWAY_CLASS.get(value, RoadClass.LOCAL)) for value in values), default=CLASS_UNKNOWN)


def speed_of(tags: Mapping[str, Any]) -> Speed:
    """The given speed, the mean of several (as in OSMnx), the default of the highway value, or NaN."""
    unreadable = ""
    for key in _SPEED_KEYS:
        if tags.get(key) is None:
            continue
        texts = [part.strip() for value in tag_values(tags[key]) for part in re.split(r"[;|]", value)]
        known = [kmh for kmh in map(_parse_speed, texts) if kmh is not None]
        if known:
            return Speed(fmean(known), _repair(texts, known), str(tags[key]))
        unreadable = unreadable or f"{key}={tags[key]}"
    defaults = [HIGHWAY_SPEED_KMH[value] for value in highway_values(tags) if value in HIGHWAY_SPEED_KMH]
    kmh = min(defaults) if defaults else math.nan
    return Speed(kmh, "speed_unreadable", unreadable) if unreadable else Speed(kmh, "speed_missing", "no speed")


def _repair(texts: list[str], known: list[float]) -> str | None:
    if len(known) < len(texts):
        return "speed_partly_unreadable"
    if len(set(known)) > 1:
        return "speed_averaged"
    return "speed_in_knots" if texts[0].lower().endswith("knots") else None


def _parse_speed(text: str) -> float | None:
    match = _NUMBER.match(text)
    kmh = float(match[1]) * _KMH_PER_UNIT.get((match[2] or "").lower(), 1.0) if match else 0.0
    return kmh if 0.0 < kmh < math.inf else None
