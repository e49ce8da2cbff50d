"""Looking up versions of a region."""

from __future__ import annotations

from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Release
from tunegate.ports.registry import Registry


def history_of(registry: Registry, region: str) -> tuple[Release, ...]:
    """Every release of a region, oldest first. Raises BadInput when it has none."""
    history = registry.history(region)
    if not history:
        remedy = "`tunegate registry list` shows the regions that have."
        raise BadInput(Fault("a region must have a release", region, "the registry", remedy))
    return history


def find_version(history: tuple[Release, ...], version: int) -> Release:
    """A version among those of a region. Raises BadInput when it is not there."""
    found = next((release for release in history if release.version == version), None)
    if found is None:
        place = f"registry of {history[-1].region}"
        raise BadInput(Fault("a version must be in the registry", str(version), place, f"There is 1 to {history[-1].version}."))
    return found
