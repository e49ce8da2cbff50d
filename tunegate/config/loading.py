"""From a region file to a `RegionConfig`, or to every fault in it at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from tunegate.config.document import COMMAND_LINE, Document, Override, read_document
from tunegate.config.explain import explain
from tunegate.config.models import RegionSections
from tunegate.config.region import Bundled, CityFolder, CityReference, CitySource, RegionConfig
from tunegate.config.rules import broken_rules
from tunegate.config.world_models import WorldsSection
from tunegate.config.worlds import read_worlds
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.observation_sources import ObservationSource

# Who starts a campaign must choose neither its approvers nor the limits that stop its candidate.
_REVIEWED = {
    "release": "who may release must be written in a file, where others see it",
    "routes": "what routes may look like must be written in a file, where others see it",
    "worlds": "what a candidate must survive must be written in a file, where others see it",
    "rollout_plan": "how a candidate comes to the street must be written in a file, where others see it",
}


def load_region(path: str | Path, overrides: Sequence[str] = ()) -> RegionConfig:
    """Read, merge, override and check a region file.

    `overrides` are `dotted.key=value` texts, applied in order. Relative paths start at the file that names them, those in
    overrides at the working directory. Raises BadInput with every fault: where the text can be read at all, a fault in one
    place hides none in another.
    """
    document = read_document(Path(path), overrides)
    faults: list[Fault] = [_reviewed_override(override) for override in document.overrides if override.key[0] in _REVIEWED]
    sections: RegionSections | None = None
    try:
        sections = RegionSections.model_validate(document.tree)
    except ValidationError as error:
        faults += explain(error, document)
    faults += [Fault(fault.rule, fault.value, document.place(key), fault.remedy) for key, fault in broken_rules(document.tree)]
    if sections is None or faults:
        raise BadInput(*faults)
    worlds_file = None if sections.worlds is None else _worlds_file(sections.worlds, document)
    return RegionConfig(
        sections,
        city=_city(sections, document),
        command=_command(sections, document),
        file=document.file,
        worlds=None if sections.worlds is None or worlds_file is None else read_worlds(sections.worlds, worlds_file),
        overrides=document.overrides,
        observations=_observations(sections, document),
        files=document.files if worlds_file is None else (*document.files, worlds_file),
    )


def _worlds_file(section: WorldsSection, document: Document) -> Path:
    """The file that the section names, as an absolute path."""
    return Path(os.path.normpath(document.origin(("worlds", "file")).folder.absolute() / section.file))


def _observations(sections: RegionSections, document: Document) -> ObservationSource | None:
    """Where the street reports."""
    if sections.rollout_plan is None:
        return None
    key = ("rollout_plan", "observations", "folder")
    return sections.rollout_plan.observations.source(document.origin(key).folder.absolute())


def _reviewed_override(override: Override) -> Fault:
    section = override.key[0]
    remedy = f"Change `{section}` in the region's file and have that reviewed."
    return Fault(_REVIEWED[section], override.text, COMMAND_LINE, remedy)


def _city(sections: RegionSections, document: Document) -> CityReference:
    """Where the city is: exactly one of the two keys is given, and paths are made absolute."""
    city, source = sections.simulator.city, sections.simulator.city_source
    if city is None:
        return CitySource(_absolute(source or "", document, "city_source"))
    return CityFolder(_absolute(city, document, "city")) if _is_path(city) else Bundled(city)


def _command(sections: RegionSections, document: Document) -> tuple[str, ...]:
    return tuple(str(_absolute(word, document, "command")) if _is_path(word) else word for word in sections.simulator.command)


def _is_path(text: str) -> bool:
    return text.startswith(("./", "../", "/")) or text in {".", ".."}


def _absolute(text: str, document: Document, name: str) -> Path:
    return Path(os.path.normpath(document.origin(("simulator", name)).folder.absolute() / text))
