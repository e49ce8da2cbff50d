"""What drivers would be told: routes of vacant taxis that follow every recommendation, as a simulator draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from tunegate.domain.canonical import content_digest
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period
from tunegate.domain.plain_json import plain
from tunegate.domain.simulation import CONTRACT_VERSION, SettingValue, refuse_non_finite

U_TURN = "U"
HardTurn = Literal["L", "R"]
LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RoutesRequest:
    """Draw routes under these parameters: from every start in every hour, on one day.

    Pickup chances are computed with the parameters `chances_by`, the same for both arms of a comparison. `hours` are local
    time. `places` (longitude, latitude in degrees) are starts besides the sampled ones. `roads` asks for the road network.
    """

    id: str
    city: str
    parameters: Parameters
    chances_by: Parameters
    day: date
    seed: int
    forecast: Forecast
    history: Period
    settings: Mapping[str, SettingValue]
    hours: tuple[int, ...]
    starts: int
    places: tuple[LonLat, ...]
    duration_s: int
    roads: bool

    def as_message(self) -> dict[str, Any]:
        """The request as the JSON object of the simulator contract. Raises ValueError for a number that JSON cannot hold."""
        refuse_non_finite(self.parameters, self.settings)
        return {"contract": CONTRACT_VERSION, "ask": "routes", **plain(self)}

    @property
    def expected(self) -> frozenset[tuple[int, int]]:
        """Hour and number of every route that must be answered."""
        return frozenset((hour, start) for hour in self.hours for start in range(self.starts + len(self.places)))

    @property
    def content_digest(self) -> str:
        """SHA-256 of everything but the id and the roads: equal digests ask for the same routes."""
        message = {key: value for key, value in self.as_message().items() if key not in {"id", "roads"}}
        floats = {name: {key: float(value) for key, value in message[name].items()} for name in ("parameters", "chances_by")}
        return content_digest({**message, **floats})


@dataclass(frozen=True, slots=True)
class Route:
    """One vacant taxi from junction to junction, with n links: link k leads from point k to point k + 1.

    `at_s` n + 1 seconds since it began, when each link was turned into and when the last one ended; `lon`, `lat` n + 1
    degrees; `turns` n letters, how each link was entered (Straight, Right, Left, U-turn, `-` first); `chance` n chances of a
    pickup there; `outside` numbers of the links outside the service area.
    """

    hour: int
    start: int
    at_s: tuple[int, ...]
    lon: tuple[float, ...]
    lat: tuple[float, ...]
    links: tuple[str, ...]
    turns: str
    length_m: tuple[float, ...]
    chance: tuple[float, ...]
    outside: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RoutesAnswer:
    """The routes of one request, sorted by hour, then start.

    `roads` are lines lon, lat, lon, lat, … in degrees; empty when not asked for.
    """

    routes: tuple[Route, ...]
    hard_turn: HardTurn
    roads: tuple[tuple[float, ...], ...]
    applied_parameters: Mapping[str, float]
    trained_last_day: date
    city_digest: str
    simulator_version: str
    compute_s: float

    @property
    def routes_digest(self) -> str:
        """SHA-256 over every point of every route."""
        fields = ("hour", "start", "at_s", "lon", "lat", "links", "turns", "length_m", "chance", "outside")
        return content_digest([[getattr(route, name) for name in fields] for route in self.routes])
