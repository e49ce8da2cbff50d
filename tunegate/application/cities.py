"""The city of a campaign: as requests name it, and on every machine that simulates it."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from tunegate.config.region import Bundled, CityFolder, CitySource, RegionConfig
from tunegate.domain.errors import BadInput, Fault
from tunegate.installation import Installation


async def city_for_requests(installation: Installation, config: RegionConfig) -> str:
    """The city as requests name it; raw data are imported into the workspace on first use. Raises BadInput."""
    match config.city:
        case Bundled(name):
            return name
        case CityFolder(path):
            return str(path)
        case CitySource(source):
            described = await installation.simulator(config).describe()
            importer = installation.city_importer(config, f"{described.name} {described.version}")
            return str((await importer.city_of(config.region, source)).folder)
        case _:
            assert_never(config.city)


async def ensure_city(installation: Installation, campaign: str) -> None:
    """Import the campaign's city on this machine unless it is there: pods run on other machines.

    Raises BadInput when the raw data are missing here, or differ.
    """
    plan = installation.plan(campaign)
    if plan.city_source is None or campaign in installation.imported_cities:
        return
    importer = installation.city_importer(plan.config, f"{plan.description.name} {plan.description.version}")
    imported = await importer.city_of(plan.region, Path(plan.city_source))
    if str(imported.folder) != plan.city:
        rule = "every machine of a campaign must make the city it began with"
        remedy = "Give all of them the same data, simulator and TUNEGATE_HOME, or begin a new campaign."
        raise BadInput(Fault(rule, f"{imported.folder}, not {plan.city}", plan.city_source, remedy))
    installation.imported_cities.add(campaign)
