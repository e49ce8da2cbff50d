"""The shape of the section `rollout_plan`: how an approved candidate comes to the region, and where the street reports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from tunegate.config.guardrail_models import GuardrailSection
from tunegate.config.section import Section
from tunegate.domain.observation_sources import ObservationFolder, ObservationSource, ObservationTable, ObservationView
from tunegate.experiment.schedule import SwitchbackPlan
from tunegate.release.rollout_plan import Switchback

IMMEDIATE_WORD = "immediate"


class SwitchbackSection(Section):
    """An experiment on the street: production and candidate in turn, window by window."""

    days: int = Field(ge=2, le=366, description="days that the experiment lasts at most")
    window_min: int = Field(ge=10, le=720, description="minutes that an arm runs before the next draw; they must divide a day")
    washout_min: int = Field(ge=0, le=360, description="minutes at the start of a window that are not counted")
    harm_limit_pct: float = Field(
        ge=-50, le=-0.1, description="loss of revenue, in percent of production's, that ends the experiment once it is shown"
    )
    level: float = Field(
        gt=0, le=0.3, description="chance that the interval misses the effect at any look; 0.1 for intervals of 90 %"
    )
    looks: list[Annotated[int, Field(ge=1, le=366)]] = Field(
        default_factory=list, description="days after which the experiment is judged, the last day among them; else every day"
    )
    time_zone: str = Field(min_length=1, description="zone by whose clock windows begin, such as America/New_York")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="currency of the observed revenue, such as USD")
    guardrails: dict[str, GuardrailSection] = Field(
        default_factory=dict, description="observed metrics that must not get worse, by their column"
    )
    automatic_rollback: bool = Field(True, description="whether the monitor may roll back a harmful candidate without a person")

    @property
    def design(self) -> SwitchbackPlan:
        """The experiment's design."""
        looks = tuple(self.looks) or tuple(range(1, self.days + 1))
        return SwitchbackPlan(self.days, self.window_min, self.washout_min, self.harm_limit_pct, self.level, looks)

    @property
    def plan(self) -> Switchback:
        """The rollout plan that an approval covers."""
        guardrails = tuple(guardrail.policy(metric) for metric, guardrail in sorted(self.guardrails.items()))
        return Switchback(self.design, self.time_zone, self.currency, self.automatic_rollback, guardrails)


class ObservationTableSection(Section):
    """A table or view of a SQL database."""

    url_variable: str = Field(
        pattern=r"^[A-Z][A-Z0-9_]*$", description="environment variable with the SQLAlchemy URL of the database"
    )
    table: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", description="table or view with the observations")


class ObservationsSection(Section):
    """Where the street reports what it earned: exactly one of these."""

    folder: str | None = Field(None, min_length=1, description="folder of CSV and Parquet files, relative to this file")
    sql: ObservationTableSection | None = Field(None, description="a table of a SQL database")
    bigquery: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]+\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+$",
        description="a table or view of BigQuery, PROJECT.DATASET.TABLE",
    )

    def source(self, folder: Path) -> ObservationSource:
        """The one that is given; `folder` is what a relative path starts from."""
        if self.sql is not None:
            return ObservationTable(self.sql.url_variable, self.sql.table)
        if self.bigquery is not None:
            return ObservationView(*self.bigquery.split("."))
        return ObservationFolder(Path(os.path.normpath(folder / (self.folder or ""))))


class RolloutPlanSection(Section):
    """How an approved candidate comes to the region."""

    switchback: SwitchbackSection = Field(description="the experiment")
    observations: ObservationsSection = Field(description="where the street reports")


def _word(value: object) -> object:
    return None if value == IMMEDIATE_WORD else value


RolloutPlanField = Annotated[RolloutPlanSection | None, BeforeValidator(_word)]
