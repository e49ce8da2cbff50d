"""From a worlds file to the worlds of a region, or to every fault in it at once; and whether they fit simulator and city."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tunegate.config.world_models import WorldsSection
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.simulation import SimulatorDescription
from tunegate.domain.worlds import StressWorld, World, Worlds

FEWEST_WORLDS = 2


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    settings: dict[str, bool | int | float | str] = Field(min_length=1)
    weight: float = Field(ge=0)


class MadeFor(BaseModel):
    """The simulator (name, version) or the city (name, digest) that worlds were calibrated for."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: str
    version: str | None = None
    digest: str | None = None


class WorldsFile(BaseModel):
    """A worlds file, of which only `worlds` must be there; its schema is worlds.schema.json, its guide docs/worlds.md."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)

    format: str = Field("worlds/1", pattern=r"^worlds/1$")
    simulator: MadeFor | None = None
    city: MadeFor | None = None
    worlds: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class RegionWorlds:
    """The worlds of a region, and the names of the simulator and the city they were calibrated for, where the file says so."""

    worlds: Worlds
    simulator: MadeFor | None = None
    city: MadeFor | None = None


def read_worlds(section: WorldsSection, path: Path) -> RegionWorlds:
    """The worlds that a region's section and its worlds file describe. Raises BadInput with every fault of the file."""
    read = _read_file(path)
    return RegionWorlds(_worlds(section, read), read.simulator, read.city)


def _read_file(path: Path) -> WorldsFile:
    """Read and check a worlds file. Raises BadInput with every fault."""
    remedy = "Make it with `hailsim calibrate`, or write it by hand: docs/worlds.md."
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise BadInput(Fault("a worlds file must be readable", error.strerror or str(error), str(path), remedy)) from None
    except ValueError as error:
        raise BadInput(Fault("a worlds file must be JSON", str(error), str(path), remedy)) from None
    if isinstance(document, Mapping) and isinstance(document.get("worlds"), list):
        document = {**document, "worlds": tuple(document["worlds"])}
    try:
        read = WorldsFile.model_validate(document)
    except ValidationError as error:
        raise BadInput(*(_misfit(path, each["loc"], each["msg"], each["input"], remedy) for each in error.errors())) from None
    faults = tuple(_set_faults(read, path))
    if faults:
        raise BadInput(*faults)
    return read


def _misfit(path: Path, location: tuple[Any, ...], message: str, found: object, remedy: str) -> Fault:
    place = ".".join(map(str, location)) or "the document"
    return Fault(f"a worlds file must fit its schema: {message}", repr(found)[:80], f"{place} ({path})", remedy)


def _set_faults(read: WorldsFile, path: Path) -> Iterator[Fault]:
    place = f"worlds ({path})"
    if len(read.worlds) < FEWEST_WORLDS:
        rule, remedy = f"there must be at least {FEWEST_WORLDS} worlds", "One world says nothing of what is unknown."
        yield Fault(rule, str(len(read.worlds)), place, remedy)
    elif sum(entry.weight > 0 for entry in read.worlds) < FEWEST_WORLDS:
        rule = f"at least {FEWEST_WORLDS} worlds must have a weight above 0"
        yield Fault(rule, str([entry.weight for entry in read.worlds]), place, "Raise the weights of worlds that may be.")


def _worlds(section: WorldsSection, read: WorldsFile) -> Worlds:
    """The worlds of a region. Raises BadInput when a stress world is one of those that are believed."""
    believed = tuple(World(entry.settings, entry.weight) for entry in read.worlds if entry.weight > 0)
    stress = tuple(StressWorld(name, each.settings, each.margin_pct) for name, each in sorted(section.stress.items()))
    faults = [
        Fault(
            "a stress world must differ from every believed world",
            f"{dict(one.settings)}",
            f"worlds.stress.{one.name}",
            "Take it out: the gate averages over it already.",
        )
        for one in stress
        if any(dict(one.settings) == dict(world.settings) for world in believed)
    ]
    if faults:
        raise BadInput(*faults)
    return Worlds(believed, stress, section.count)


def origin_faults(read: RegionWorlds, description: SimulatorDescription) -> Iterator[Fault]:
    """Whether the worlds were calibrated for this simulator and this city, where the file says so."""
    remedy = "Calibrate again for what the campaign simulates."
    if read.simulator is not None:
        made_for, is_now = (
            f"{read.simulator.name} {read.simulator.version or ''}".strip(),
            f"{description.name} {description.version}",
        )
        same = read.simulator.name == description.name and read.simulator.version in {None, description.version}
        if not same:
            yield Fault(f"worlds must be calibrated for the campaign's simulator, {is_now}", made_for, "worlds.file", remedy)
    city = description.city
    if read.city is not None and city is not None and read.city.digest not in {None, city.digest}:
        rule = f"worlds must be calibrated for the campaign's city, {city.name} {city.digest[:19]}"
        yield Fault(rule, f"{read.city.name} {(read.city.digest or '')[:19]}", "worlds.file", remedy)
