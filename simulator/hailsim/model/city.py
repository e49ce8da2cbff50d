"""The simulator's view of a city: a directed road network, recorded trips, a fare and a fleet.

Glossary of array names: L links, T trips, Z zones. A *link* is one directed road segment between two junctions. An
*operating day* D runs 24 h from `day_start_hour` local time on date D (the demand minimum, when the fleet is reset).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MAX_SUCCESSORS = 4
SECONDS_PER_DAY = 86_400
HOURS_PER_WEEK = 168


class Turn(IntEnum):
    """The kind of turn from one link into the next, by change of bearing."""

    STRAIGHT = 0
    RIGHT = 1
    LEFT = 2
    U_TURN = 3
    NONE = 4


class RoadClass(IntEnum):
    """Functional road class. Taxis cannot be hailed on expressways."""

    LOCAL = 0
    ARTERIAL = 1
    EXPRESS = 2


@dataclass(frozen=True, slots=True)
class Network:
    """The line graph of a road network: links and the turns between them; strongly connected as a line graph.

    link_from, link_to: int32[L] junction indices. start_*, end_*: float32[L] metres east and north of the city's reference.
    length_m: float32[L] > 0. freeflow_s: float32[L] > 0 seconds to drive the link at its free speed. road_class: int8[L]
    (RoadClass). zone: int32[L] in 0..zones-1 (500 m cells). successors: int32[L, 4], unused slots hold L. turns: int8[L, 4]
    (Turn), NONE in unused slots. U-turns are allowed only where there is no other exit, or where some link would
    otherwise be unreachable.
    """

    link_from: NDArray[np.int32]
    link_to: NDArray[np.int32]
    start_x_m: NDArray[np.float32]
    start_y_m: NDArray[np.float32]
    end_x_m: NDArray[np.float32]
    end_y_m: NDArray[np.float32]
    length_m: NDArray[np.float32]
    freeflow_s: NDArray[np.float32]
    road_class: NDArray[np.int8]
    zone: NDArray[np.int32]
    successors: NDArray[np.int32]
    turns: NDArray[np.int8]

    @property
    def links(self) -> int:
        """Number of links L."""
        return len(self.length_m)

    @property
    def zones(self) -> int:
        """Number of zones Z."""
        return int(self.zone.max()) + 1


@dataclass(frozen=True, slots=True)
class Trips:
    """Recorded (served) trips, sorted by day, then by second of the operating day.

    day: int32[T] operating days since the city's first. appears_s: int32[T] seconds since the day's start, 0..86399.
    pickup_link, dropoff_link: int32[T]. drive_freeflow_s: float32[T] turn-aware shortest free-flow time from the end of the
    pickup link to the end of the dropoff link, before the hour-of-week factor. distance_m: float32[T] along that path.
    """

    day: NDArray[np.int32]
    appears_s: NDArray[np.int32]
    pickup_link: NDArray[np.int32]
    dropoff_link: NDArray[np.int32]
    drive_freeflow_s: NDArray[np.float32]
    distance_m: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True)
class Fare:
    """A tariff of flag fall, distance and time, in integer minor currency units so that money is exact."""

    currency: str
    minor_per_major: int
    flag_fall_minor: int
    per_km_minor: int
    per_minute_minor: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """Fleet size and working hours.

    active_share: float32[24] share of taxis on shift by hour of the operating day (0 is the hour from `day_start_hour`).
    """

    taxis: int
    active_share: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class City:
    """All data of one city, read from a city folder or bundled with the package.

    travel_time_factor: float32[168] observed over free-flow travel time, by local hour of week (Monday 00h is 0).
    turn_s: float32[5] physical seconds of each Turn (NONE last); turn preferences belong to the planner.
    digest: SHA-256 over all files of the folder, `sha256:` and 64 hexadecimal digits. reference_lat_deg, reference_lon_deg:
    WGS84 origin of the network's metric coordinates.
    """

    name: str
    timezone: str
    driving_side: Literal["left", "right"]
    day_start_hour: int
    first_day: date
    last_day: date
    holidays: frozenset[date]
    network: Network
    trips: Trips
    fare: Fare
    fleet: Fleet
    travel_time_factor: NDArray[np.float32]
    turn_s: NDArray[np.float32]
    digest: str
    reference_lat_deg: float = 0.0
    reference_lon_deg: float = 0.0

    @property
    def days(self) -> int:
        """Number of operating days that the trips cover."""
        return (self.last_day - self.first_day).days + 1

    @property
    def drivers(self) -> int:
        """Number of taxis, one driver each."""
        return self.fleet.taxis
