"""What one campaign will simulate, worked out once: every request of every phase follows from the plan.

The search's requests name tuning days only, the confirmation's validation days only, the gate's test days only, each with
seeds of its own; that a search never sees a test day is a property of this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunegate.config.region import RegionConfig
from tunegate.domain.days import Arm, Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.periods import Period, Periods
from tunegate.domain.seeds import phase_seeds
from tunegate.domain.simulation import SimulationRequest
from tunegate.search.definition import SearchBudget, StudyDefinition


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """One campaign: its configuration, its periods by date, and the city as requests name it."""

    campaign: str
    config: RegionConfig
    periods: Periods
    city: str

    @property
    def region(self) -> str:
        """Name of the region."""
        return self.config.region

    @property
    def production(self) -> Parameters:
        """What runs in production now, and every candidate is measured against."""
        return Parameters(self.config.production)

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
        """Seeds of the gate, which neither search nor confirmation has seen."""
        return phase_seeds(self.config.seed, "gate", self.config.gate.seeds_per_day)

    def trial_request(self, number: int, parameters: Parameters) -> SimulationRequest:
        """One trial of the search."""
        forecast = self.config.search.demand_forecast
        return self._request(f"trial-{number:04d}", parameters, self.periods.tuning, self.search_seeds, forecast)

    def confirmation_request(self, subject: str, parameters: Parameters) -> SimulationRequest:
        """One finalist, or production, on the validation days."""
        forecast = self.config.search.demand_forecast
        return self._request(f"confirm-{subject}", parameters, self.periods.validation, self.validation_seeds, forecast)

    def gate_request(self, arm: Arm, forecast: Forecast, parameters: Parameters) -> SimulationRequest:
        """One of the gate's four patterns, on the test days."""
        return self._request(f"gate-{arm}-{forecast}", parameters, self.periods.test, self.gate_seeds, forecast)

    def self_check_request(self) -> SimulationRequest:
        """Production on the first test day with the first seed once more: it must give exactly the same numbers."""
        first = Period(self.periods.test.first, self.periods.test.first)
        return self._request("gate-self-check", self.production, first, self.gate_seeds[:1], Forecast.ML)

    def study_definition(self) -> StudyDefinition:
        """What decides the trials of the study."""
        objective = self.trial_request(0, self.production).as_message()
        return StudyDefinition(
            name=self.campaign,
            dimensions=self.config.search.dimensions,
            production=self.production,
            seed=self.config.seed,
            sampler=self.config.search.sampler,
            pruner=self.config.search.pruner,
            objective={key: objective[key] for key in ("city", "days", "seeds", "forecast", "history", "settings")},
        )

    @property
    def budget(self) -> SearchBudget:
        """What the search may spend."""
        return self.config.search.budget

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
