"""What one campaign will simulate, worked out once: every request of every phase follows from the plan.

The search's requests name tuning days only, the confirmation's validation days only, the gate's test days only, each with
seeds of its own; that a search never sees a test day is a property of this file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tunegate.config.models import STORED, RegionSections
from tunegate.config.region import Bundled, CitySource, RegionConfig, resolve_periods
from tunegate.config.route_models import RoutesSection
from tunegate.config.worlds import RegionWorlds
from tunegate.domain.canonical import content_digest
from tunegate.domain.days import Arm, Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period, Periods
from tunegate.domain.plain_json import from_plain, plain
from tunegate.domain.provenance import ConfigProvenance
from tunegate.domain.routes import RoutesRequest
from tunegate.domain.seeds import SeedPhase, phase_seeds
from tunegate.domain.simulation import CityFacts, SimulationRequest, SimulatorDescription
from tunegate.domain.worlds import PlayedWorld, Worlds, days_of_worlds
from tunegate.gate.documents import policy_to_document
from tunegate.gate.policy import GatePolicy
from tunegate.search.definition import StudyDefinition
from tunegate.search.space import Space

# With one probe on four days the half-width came out within a factor of 1.5 in 82 % of cases, with four in 90 % (docs/gate.md).
POWER_PROBES = 4
FEWEST_STRESS_CELLS = 14
"""Days and seeds of a stress world in the gate: a week needs two seeds to tell a margin of half a point."""
DRAFT = "draft"  # the name of a campaign that is planned, and not begun

_DESCRIPTION = TypeAdapter(SimulatorDescription)


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """One campaign: its configuration, its periods by date, the city as requests name it, and the simulator's own words.

    `start` are the trials that follow production's, taken from other regions when the campaign began. `requested_by` is who
    began it, None where nobody knows. `provenance` is None for a draft, and for a campaign that an older version began.
    """

    campaign: str
    config: RegionConfig
    periods: Periods
    city: str
    description: SimulatorDescription
    city_facts: CityFacts
    start: tuple[Parameters, ...] = ()
    requested_by: str | None = None
    provenance: ConfigProvenance | None = None

    @classmethod
    def of(cls, campaign: str, config: RegionConfig, city: str, description: SimulatorDescription) -> CampaignPlan:
        """The plan of a campaign whose simulator said `description` of `city`; relative periods end on the city's last day."""
        if description.city is None:
            raise ValueError(f"the simulator was described without the city {city}")
        return cls(campaign, config, resolve_periods(config, description.city.last_day), city, description, description.city)

    @property
    def is_draft(self) -> bool:
        """Whether the campaign is planned, and not begun."""
        return self.campaign == DRAFT

    @property
    def region(self) -> str:
        """Name of the region."""
        return self.config.region

    @property
    def production(self) -> Parameters:
        """What runs in production now, and every candidate is measured against."""
        return self.config.production

    @property
    def worlds(self) -> Worlds | None:
        """What the campaign averages over, and what a candidate must survive; None for a region of one world."""
        return None if self.config.worlds is None else self.config.worlds.worlds

    @property
    def city_source(self) -> str | None:
        """The raw data that the city is imported from, None for a city that is there by itself."""
        return str(self.config.city.path) if isinstance(self.config.city, CitySource) else None

    @property
    def search_seeds(self) -> tuple[int, ...]:
        """Seeds of the search."""
        return phase_seeds(self.config.seed, "search", self.config.search.seeds_per_day)

    @property
    def validation_seeds(self) -> tuple[int, ...]:
        """Seeds of the confirmation, which no trial has seen."""
        return phase_seeds(self.config.seed, "validation", self.config.search.confirm_seeds_per_day)

    @property
    def gate_seeds(self) -> tuple[int, ...]:
        """Seeds of the gate, which neither search nor confirmation has seen; in a region of worlds those of all of them."""
        if self.worlds is not None:
            return tuple(seed for played in self.gate_worlds for seed in played.seeds)
        return phase_seeds(self.config.seed, "gate", self.config.gate.seeds_per_day)

    @property
    def gate_worlds(self) -> tuple[PlayedWorld, ...]:
        """The believed worlds that the gate plays, and on which days; empty in a region of one world."""
        if self.worlds is None:
            return ()
        return self.worlds.played(self.config.seed, "gate", self.periods.test.days, self.config.gate.seeds_per_day)

    @property
    def gate_policy(self) -> GatePolicy:
        """The thresholds of the gate, with the stress worlds that a candidate must survive."""
        return self.config.gate_policy

    @property
    def study_definition(self) -> StudyDefinition:
        """What decides the trials of the study."""
        return replace(self.config.study_definition(self.campaign, self.periods, self.description), start=self.start)

    def trial_requests(self, number: int, parameters: Parameters) -> tuple[SimulationRequest, ...]:
        """One trial of the search: its believed worlds in turn over the tuning days, and every stress world on one of them.

        Stress worlds are part of what a trial earns, so that the search is drawn to parameters that survive them.
        """
        whole = self._request(f"trial-{number:04d}", parameters, self.periods.tuning, self.search_seeds, self._search_forecast)
        stress = self._stress_requests(whole, "search", days_each=1)
        return (*self._world_requests(whole, "search"), *stress.values())

    def confirmation_requests(self, subject: str, parameters: Parameters) -> tuple[SimulationRequest, ...]:
        """One finalist, or production, in believed worlds on the validation days."""
        return self._world_requests(self._confirmation_request(subject, parameters), "validation")

    def confirmation_stress_requests(self, subject: str, parameters: Parameters) -> dict[str, SimulationRequest]:
        """The same in every stress world, by its name, on all validation days."""
        return self._stress_requests(self._confirmation_request(subject, parameters), "validation")

    def _confirmation_request(self, subject: str, parameters: Parameters) -> SimulationRequest:
        seeds = self.validation_seeds
        return self._request(f"confirm-{subject}", parameters, self.periods.validation, seeds, self._search_forecast)

    @property
    def _search_forecast(self) -> Forecast:
        return self.config.search.demand_forecast

    def _world_requests(self, whole: SimulationRequest, phase: SeedPhase) -> tuple[SimulationRequest, ...]:
        """`whole` itself in a region of one world; else one request for each believed world, on its share of the days.

        `seeds` of `whole` then says in how many worlds each day is played, and every world has one seed of its own.
        """
        if self.worlds is None:
            return (whole,)
        settings = self.worlds.drawn(self.config.seed, phase, len(whole.days) * len(whole.seeds))
        shares = days_of_worlds(whole.days, min(len(whole.seeds), len(settings)), len(settings))
        seeds = phase_seeds(self.config.seed, phase, len(settings))
        return tuple(
            replace(whole, id=f"{whole.id}-world-{number}", days=days, seeds=(seed,), settings={**whole.settings, **world})
            for number, (world, days, seed) in enumerate(zip(settings, shares, seeds, strict=True), 1)
        )

    def _stress_requests(
        self, whole: SimulationRequest, phase: SeedPhase, days_each: int | None = None, seeds_each: int = 1
    ) -> dict[str, SimulationRequest]:
        """One request for each stress world, by its name and with `seeds_each` seeds of its own.

        They are played on all days, or on `days_each` of them in turn.
        """
        stress = () if self.worlds is None else self.worlds.stress
        believed = 0 if self.worlds is None else self.worlds.count
        seeds = phase_seeds(self.config.seed, phase, believed + seeds_each * len(stress))[believed:]
        requests: dict[str, SimulationRequest] = {}
        for number, world in enumerate(stress):
            turned = (*whole.days[number % len(whole.days) :], *whole.days[: number % len(whole.days)])
            days = tuple(sorted(turned[:days_each]))
            name = f"{whole.id}-stress-{number + 1}"
            own_seeds = seeds[number * seeds_each : (number + 1) * seeds_each]
            requests[world.name] = replace(
                whole, id=name, days=days, seeds=own_seeds, settings={**whole.settings, **world.settings}
            )
        return requests

    def gate_requests(self, subject: str, forecast: Forecast, parameters: Parameters) -> dict[str, SimulationRequest]:
        """One of the gate's four patterns on the test days, by the name of the world; a region of one world has no name."""
        whole = self._request(f"gate-{subject}-{forecast}", parameters, self.periods.test, self.gate_seeds, forecast)
        if self.worlds is None:
            return {"": whole}
        return {
            played.name: replace(
                whole,
                id=f"{whole.id}-world-{played.name}",
                days=played.days,
                seeds=played.seeds,
                settings={**whole.settings, **played.world.settings},
            )
            for played in self.gate_worlds
        }

    def gate_stress_requests(self, subject: str, parameters: Parameters) -> dict[str, SimulationRequest]:
        """Production or the candidate with the ml forecast in every stress world, by its name, on all test days."""
        whole = self._request(f"gate-{subject}-ml", parameters, self.periods.test, self.gate_seeds, Forecast.ML)
        return self._stress_requests(whole, "gate", seeds_each=-(-FEWEST_STRESS_CELLS // len(whole.days)))

    def self_check_request(self) -> SimulationRequest:
        """Production on the first test day of the first world once more, with the first seed: it must give the same numbers."""
        whole = next(iter(self.gate_requests(Arm.PRODUCTION, Forecast.ML, self.production).values()))
        return replace(whole, id=f"{self.campaign}/gate-self-check", days=whole.days[:1], seeds=whole.seeds[:1])

    def route_requests(self, candidate: Parameters) -> tuple[tuple[RoutesRequest, RoutesRequest], ...]:
        """Production's and the candidate's routes for each day of the route check; empty where none is asked for.

        They are drawn on validation days: the gate alone looks at test days. Roads come once.
        """
        routes = self.config.routes
        if routes is None:
            return ()
        days = self.periods.validation.days[-routes.days :]
        return tuple(
            (
                self._routes_request(routes, Arm.PRODUCTION, self.production, day, roads=day == days[0]),
                self._routes_request(routes, Arm.CANDIDATE, candidate, day, roads=False),
            )
            for day in days
        )

    @property
    def probes(self) -> tuple[Parameters, ...]:
        """Sets of parameters that stand for the candidate when noise is measured before the search."""
        return Space(self.config.dimensions, self.production).probes(self.config.seed, POWER_PROBES)

    def power_request(self, subject: str, forecast: Forecast, parameters: Parameters) -> SimulationRequest:
        """Production or a probe on the days just before the test period, as many as it has where there are so many.

        Search and confirmation look at some of these days too, and forecasts are then trained on fewer; but what is measured
        here is noise, which chooses nothing.
        """
        seeds = phase_seeds(self.config.seed, "power", max(2, self.config.gate.seeds_per_day))
        asked = self._request(f"power-{subject}-{forecast}", parameters, self.periods.tuning, seeds, forecast)
        history, days = self.periods.before_test(len(self.periods.test.days))
        return replace(asked, history=history, days=days)

    def question_digest(self, candidate: Parameters) -> str:
        """SHA-256 over everything the verdict on a candidate depends on: asked again, it can only be answered the same."""
        arms = {Arm.PRODUCTION: self.production, Arm.CANDIDATE: candidate}
        requests = [
            each for forecast in Forecast for arm in Arm for each in self.gate_requests(arm, forecast, arms[arm]).values()
        ]
        requests += [each for arm in Arm for each in self.gate_stress_requests(arm, arms[arm]).values()]
        asked = [*(each.content_digest for each in requests), *(played.world.weight for played in self.gate_worlds)]
        simulator = [self.description.name, self.description.version, self.city_facts.digest]
        # The thresholds too: a verdict that is not liked must not be asked for again under easier ones.
        return content_digest([*asked, *simulator, policy_to_document(self.gate_policy)])

    def as_document(self) -> dict[str, Any]:
        """The plan as plain JSON, from which another process opens the same campaign."""
        return {
            "config": self.config.as_document(),
            "file": str(self.config.file.absolute()),
            "command": list(self.config.command),
            "city": self.city,
            "city_source": self.city_source,
            "description": _DESCRIPTION.dump_python(self.description, mode="json"),
            "start": [dict(parameters) for parameters in self.start],
            "requested_by": self.requested_by,
            **({} if self.worlds is None else {"worlds": self.worlds.as_document()}),
            **({} if self.provenance is None else {"provenance": plain(self.provenance)}),
        }

    @classmethod
    def from_document(cls, campaign: str, document: Mapping[str, Any]) -> CampaignPlan:
        """The plan that `as_document` wrote."""
        sections = RegionSections.model_validate_json(json.dumps(document["config"]), context=STORED)
        source = document.get("city_source")
        city = Bundled(document["city"]) if source is None else CitySource(Path(source))
        stored = document.get("worlds")
        worlds = None if stored is None else RegionWorlds(Worlds.from_document(stored))
        config = RegionConfig(sections, city, tuple(document["command"]), Path(document["file"]), worlds)
        made = cls.of(campaign, config, document["city"], _DESCRIPTION.validate_python(document["description"]))
        start = tuple(Parameters(each) for each in document.get("start", ()))
        claimed = document.get("provenance")
        provenance = None if claimed is None else from_plain(ConfigProvenance, claimed)
        return replace(made, start=start, requested_by=document.get("requested_by"), provenance=provenance)

    def _routes_request(
        self, routes: RoutesSection, arm: Arm, parameters: Parameters, day: date, *, roads: bool
    ) -> RoutesRequest:
        return RoutesRequest(
            id=f"{self.campaign}/routes-{arm}-{day.isoformat()}",
            city=self.city,
            parameters=parameters,
            chances_by=self.production,
            day=day,
            seed=self.validation_seeds[0],
            forecast=Forecast.ML,
            history=self.periods.history,
            settings=self.config.simulator.settings,
            hours=tuple(routes.hours),
            starts=routes.starts,
            places=routes.named_places,
            duration_s=routes.duration_min * 60,
            roads=roads,
        )

    def _request(
        self, subject: str, parameters: Parameters, period: Period, seeds: tuple[int, ...], forecast: Forecast
    ) -> SimulationRequest:
        return SimulationRequest(
            id=f"{self.campaign}/{subject}",
            city=self.city,
            parameters=parameters,
            days=period.days,
            seeds=seeds,
            forecast=forecast,
            history=self.periods.history,
            settings=self.config.simulator.settings,
        )
