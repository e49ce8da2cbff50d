"""The configuration of a region: read once, checked at once, frozen from then on."""

from tunegate.config.against_simulator import config_faults
from tunegate.config.loading import load_region
from tunegate.config.region import Bundled, CityFolder, CityReference, CitySource, RegionConfig, resolve_periods

__all__ = [
    "Bundled",
    "CityFolder",
    "CityReference",
    "CitySource",
    "RegionConfig",
    "config_faults",
    "load_region",
    "resolve_periods",
]
