"""A region's configuration, checked and resolved: what everything above works from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from tunegate.config.document import Override
from tunegate.config.models import GateSection, RegionSections, SearchSection, SimulatorSection
from tunegate.config.route_models import RoutesSection
from tunegate.config.worlds import RegionWorlds
from tunegate.domain.canonical import content_digest
from tunegate.domain.observation_sources import ObservationSource
from tunegate.domain.parameters import Dimension, Parameters
from tunegate.domain.periods import Periods
from tunegate.domain.seeds import phase_seeds
from tunegate.domain.simulation import SimulatorDescription
from tunegate.gate.policy import GatePolicy
from tunegate.release.people import ReleasePolicy
from tunegate.release.rollout_plan import IMMEDIATE, RolloutPlan
from tunegate.search.definition import SearchBudget, StudyDefinition


@dataclass(frozen=True, slots=True)
class Bundled:
    """A city the simulator brings along, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class CityFolder:
    """An imported city folder (absolute path)."""

    path: Path


@dataclass(frozen=True, slots=True)
class CitySource:
    """Raw city data (absolute path) that must be imported before the simulator can use it."""

    path: Path


NOBODY = ReleasePolicy(approvers=(), four_eyes=True, expiry_days=7)

CityReference = Bundled | CityFolder | CitySource


@dataclass(frozen=True, slots=True)
class RegionConfig:
    """One region, as `load_region` returns it. Frozen, comparable and picklable.

    `sections` is what was written, `city` and `command` are resolved to absolute paths where paths were meant, `file` is the
    region file. `worlds` is what the region's worlds file said when it was read; None for a region of one world.
    `overrides` are the `--set` texts that were applied, parsed; `files` all that were read: the region's, what it extends, its
    worlds. `observations` is where the street reports, by the file as it is now; None where nothing is tried on the street, and
    in a stored campaign.
    """

    sections: RegionSections
    city: CityReference
    command: tuple[str, ...]
    file: Path
    worlds: RegionWorlds | None = None
    overrides: tuple[Override, ...] = field(default=(), compare=False)
    observations: ObservationSource | None = field(default=None, compare=False)
    files: tuple[Path, ...] = field(default=(), compare=False)

    @property
    def region(self) -> str:
        """Name of the region."""
        return self.sections.region

    @property
    def seed(self) -> int:
        """The number that all random draws of the campaign are keyed by."""
        return self.sections.seed

    @property
    def simulator(self) -> SimulatorSection:
        """Which simulator, and which city."""
        return self.sections.simulator

    @property
    def search(self) -> SearchSection:
        """How candidates are found."""
        return self.sections.search

    @property
    def gate(self) -> GateSection:
        """What a candidate must show on the test days."""
        return self.sections.gate

    @property
    def gate_policy(self) -> GatePolicy:
        """The thresholds of the gate, with the stress worlds that a candidate must survive."""
        return replace(self.gate.policy(), stress_worlds=() if self.worlds is None else self.worlds.worlds.stress)

    @property
    def release_policy(self) -> ReleasePolicy:
        """Who may let a candidate into production; nobody, where the configuration does not say."""
        return NOBODY if self.sections.release is None else self.sections.release.policy

    @property
    def rollout_plan(self) -> RolloutPlan:
        """How an approved candidate comes to the region; at once, where the configuration does not say."""
        return IMMEDIATE if self.sections.rollout_plan is None else self.sections.rollout_plan.switchback.plan

    @property
    def routes(self) -> RoutesSection | None:
        """Which routes are looked at before anybody approves; None where the configuration asks for none."""
        return self.sections.routes

    @property
    def production(self) -> Parameters:
        """The parameters that run in production now."""
        return Parameters(self.sections.production)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The search space."""
        return self.search.dimensions

    @property
    def budget(self) -> SearchBudget:
        """What the search may spend."""
        return self.search.budget

    def running(self, production: Parameters) -> RegionConfig:
        """The configuration with the parameters that run in production now, as the registry has them."""
        sections = self.sections.model_copy(update={"production": dict(production)})
        return replace(self, sections=sections)

    def as_document(self) -> dict[str, object]:
        """The configuration as plain JSON, after merging and overriding, with paths as they were written."""
        document = self.sections.model_dump(mode="json")
        for name in ("worlds", "rollout_plan"):
            if document[name] is None:
                del document[name]  # Campaigns of 0.1.0 have no such key, and their digests must stay as they are.
        return document

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of `as_document` and the worlds; the same on every machine."""
        if self.worlds is None:
            return content_digest(self.as_document())
        return content_digest({**self.as_document(), "worlds_digest": self.worlds.worlds.digest})

    def study_definition(self, name: str, periods: Periods, description: SimulatorDescription) -> StudyDefinition:
        """What defines the trials of this region's study `name`: refused on resuming when any of it differs."""
        worlds: dict[str, object] = {} if self.worlds is None else {"worlds": self.worlds.worlds.digest}
        return StudyDefinition(
            name=name,
            dimensions=self.dimensions,
            production=self.production,
            seed=self.seed,
            sampler=self.search.sampler,
            pruner=self.search.pruner,
            objective={
                "simulator": f"{description.name} {description.version}",
                "city_digest": description.city.digest if description.city else "",
                "settings": dict(self.simulator.settings),
                "forecast": self.search.forecast,
                "history": str(periods.history),
                "tuning": str(periods.tuning),
                "seeds": list(phase_seeds(self.seed, "search", self.search.seeds_per_day)),
                **worlds,
            },
        )


def resolve_periods(config: RegionConfig, newest_day: date) -> Periods:
    """The campaign's periods; relative ones end on `newest_day` unless the config names a newest complete day itself."""
    return config.sections.periods.resolve(newest_day)
