"""The shape of the section `worlds`: what a campaign averages over, and what a candidate must survive."""

from __future__ import annotations

from pydantic import Field

from tunegate.config.section import Section


class StressWorldSection(Section):
    """A world that a candidate must survive."""

    settings: dict[str, bool | int | float | str] = Field(
        min_length=1, description="settings of this world, by the simulator's names, on top of `simulator.settings`"
    )
    margin_pct: float = Field(ge=0, le=100, description="largest loss of revenue tolerated there, in percent of production's")


class WorldsSection(Section):
    """What is not known of the city: the worlds that are believed, and those that must be survived."""

    file: str = Field(min_length=1, description="worlds file (docs/worlds.md); a path relative to this file")
    count: int = Field(
        8,
        ge=4,
        le=64,
        description="believed worlds that a phase plays at most, in turn over its days; each has a seed of its own",
    )
    stress: dict[str, StressWorldSection] = Field(
        default_factory=dict, description="worlds that a candidate must survive, by name"
    )
