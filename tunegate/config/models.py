"""The shape of a region's configuration: frozen, closed (unknown keys are errors) and bounded.

Business thresholds have no default: somebody must have chosen them. What has a default is technique. Every field's description
says what it means and in which unit; errors and docs/configs.md repeat it. Rules that span several fields are in `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from tunegate.config.guardrail_models import GuardrailSection
from tunegate.config.rollout_models import RolloutPlanField
from tunegate.config.route_models import RoutesSection
from tunegate.config.section import Section
from tunegate.config.world_models import WorldsSection
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Dimension
from tunegate.domain.periods import Period, Periods
from tunegate.gate.ledger import LedgerPolicy
from tunegate.gate.policy import FEWEST_DAYS, GatePolicy
from tunegate.release.people import ReleasePolicy
from tunegate.search.definition import PrunerName, RetiredSampler, SamplerName, SearchBudget

Number = int | float
REGION_NAME = r"^[a-z][a-z0-9_]{0,62}$"


def _to_date(value: object) -> object:
    """ISO text or a YAML date. Lax pydantic would read the number 20080517 as seconds since 1970."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("not a date")


Day = Annotated[date, BeforeValidator(_to_date)]


# Validation context of a configuration that was stored with a campaign and is read again.
STORED = "stored"
RETIRED = "retired"


def _refuse_retired(value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
    """A campaign that was stored with a sampler that is gone stays readable; a new one is refused."""
    if value not in get_args(RetiredSampler):
        return validate(value)
    if info.context == STORED:
        return value
    raise PydanticCustomError(RETIRED, "the sampler was removed")


class SimulatorSection(Section):
    """Which simulator, and which city."""

    command: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, description="program and arguments of a simulator that speaks the contract; ./ and ../ start at this file"
    )
    city_source: str | None = Field(
        None, min_length=1, description="raw city data, imported on first use; a path relative to this file (or `city` instead)"
    )
    city: str | None = Field(
        None,
        min_length=1,
        description="a city the simulator bundles, or a city folder when it begins with ./, ../ or / (or `city_source`)",
    )
    answer_timeout_s: float = Field(
        120.0, gt=0, le=86_400, description="seconds without a line of answer after which a simulator counts as hung"
    )
    settings: dict[str, bool | int | float | str] = Field(
        default_factory=dict, description="what is true of the world and not tuned, by the simulator's names and in its units"
    )


class PeriodSection(Section):
    """Whole operating days, both ends included."""

    first: Day = Field(description="first operating day, YYYY-MM-DD")
    last: Day = Field(description="last operating day, YYYY-MM-DD")

    @property
    def period(self) -> Period:
        """The domain's period."""
        return Period(self.first, self.last)


class FixedPeriods(Section):
    """Periods by date."""

    history: PeriodSection = Field(description="days that train the demand forecast")
    tuning: PeriodSection = Field(description="days that the search simulates")
    validation: PeriodSection = Field(description="days that choose among the best of the search")
    test: PeriodSection = Field(description="days that the gate judges on, never named before")

    def resolve(self, newest_day: date) -> Periods:  # noqa: ARG002 the same question is put to relative periods
        """The periods, whatever the newest day is."""
        return Periods(self.history.period, self.tuning.period, self.validation.period, self.test.period)


class RelativePeriods(Section):
    """Periods counted back from the newest complete day, so that a schedule re-tunes on recent days by itself."""

    newest_complete_day: Literal["auto"] | Day = Field(
        description="last day of the test period; `auto` takes the last day the city's data covers"
    )
    history_days: int = Field(ge=1, le=366, description="days that train the demand forecast, before the tuning days")
    tuning_days: int = Field(ge=1, le=366, description="days that the search simulates, before the validation days")
    validation_days: int = Field(ge=2, le=366, description="days that choose among the best, before the test days")
    test_days: int = Field(ge=1, le=366, description="days that the gate judges on, up to the newest complete day")

    def resolve(self, newest_day: date) -> Periods:
        """The periods that end on `newest_complete_day`, or on `newest_day` where that is `auto`."""
        last = newest_day if self.newest_complete_day == "auto" else self.newest_complete_day
        found: list[Period] = []
        for days in (self.test_days, self.validation_days, self.tuning_days, self.history_days):
            found.append(Period(last - timedelta(days=days - 1), last))
            last = found[-1].first - timedelta(days=1)
        test, validation, tuning, history = found
        return Periods(history, tuning, validation, test)


def _periods_kind(value: Any) -> str:
    keys = value.keys() if isinstance(value, Mapping) else type(value).model_fields if isinstance(value, BaseModel) else ()
    return "relative" if set(keys) & set(RelativePeriods.model_fields) else "fixed"


PeriodsSection = Annotated[
    Annotated[FixedPeriods, Tag("fixed")] | Annotated[RelativePeriods, Tag("relative")], Discriminator(_periods_kind)
]


class DimensionSection(Section):
    """One axis of the search space."""

    type: Literal["float", "int"] = Field("float", description="kind of number")
    low: Number = Field(description="lowest value to try, in the parameter's unit")
    high: Number = Field(description="highest value to try, in the parameter's unit")
    log: bool = Field(False, description="whether to search the logarithm, for values that differ by factors")

    def dimension(self, name: str) -> Dimension:
        """The domain's dimension."""
        return Dimension(name, self.type, self.low, self.high, self.log)


class SearchSection(Section):
    """How candidates are found."""

    sampler: Annotated[SamplerName, WrapValidator(_refuse_retired)] = Field("tpe", description="how parameters are proposed")
    trials: int = Field(
        ge=2, le=100_000, description="complete trials the search ends with, exactly; production's is the first"
    )
    workers: int = Field(2, ge=1, le=256, description="workers that ask, simulate and tell at the same time")
    forecast: Literal["ml", "statistics"] = Field("ml", description="demand forecast the recommender plans with while tuning")
    seeds_per_day: int = Field(1, ge=1, le=64, description="simulations of each tuning day in a trial")
    pruner: PrunerName = Field("none", description="how hopeless trials are stopped early, by day result")
    failure_budget: int = Field(
        ge=0, le=100_000, description="failed trials tolerated until the campaign ends with their reasons; resuming starts anew"
    )
    infrastructure_failure_budget: int = Field(
        100,
        ge=0,
        le=100_000,
        description="trials tolerated that were lost with their machine or worker; each is simulated again",
    )
    attempts_per_trial: int = Field(
        3, ge=1, le=20, description="simulations of the same parameters when failures are of a kind that may pass"
    )
    confirm_top: int = Field(ge=1, le=100, description="finalists that are simulated again on the validation days")
    confirm_seeds_per_day: int = Field(ge=1, le=64, description="fresh simulations of each validation day per confirmed trial")
    start_from: list[Annotated[str, Field(pattern=REGION_NAME)]] = Field(
        default_factory=list,
        max_length=10,
        description="regions whose newest finished campaign gives the search its first trials after production's",
    )
    space: dict[str, DimensionSection] = Field(
        min_length=1, description="searched parameters by name, as the simulator names them"
    )

    @property
    def budget(self) -> SearchBudget:
        """What the search may spend."""
        return SearchBudget(self.trials, self.failure_budget, self.attempts_per_trial, self.infrastructure_failure_budget)

    @property
    def demand_forecast(self) -> Forecast:
        """The forecast as the domain's enum."""
        return Forecast(self.forecast)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The search space in sorted order of names."""
        return tuple(axis.dimension(name) for name, axis in sorted(self.space.items()))


class GateSection(Section):
    """What a candidate must show on the test days."""

    seeds_per_day: int = Field(
        ge=1, le=64, description="simulations of each test day, per arm and forecast; fixed before the gate"
    )
    minimum_effect_pct: float = Field(
        ge=0, le=100, description="smallest revenue gain worth a change, in percent of production"
    )
    fallback_margin_pct: float = Field(
        ge=0, le=100, description="how much worse the candidate may be under the statistical forecast, in percent of production"
    )
    one_sided_level: float = Field(gt=0, le=0.25, description="error level of each one-sided bound; 0.05 shows 90 % intervals")
    verdicts_per_period: int = Field(
        ge=1, le=100, description="verdicts that may rest on the same test days; each spends an equal share of the error level"
    )
    minimum_days: int = Field(ge=FEWEST_DAYS, le=366, description="test days with fewer than which nothing is promoted")
    maximum_test_age_days: int = Field(
        ge=0, le=100_000, description="age of the last test day, in days, beyond which a gate is invalid"
    )
    guardrails: dict[str, GuardrailSection] = Field(description="metrics that must not get worse, by the simulator's names")
    worst_zone_margin_pct: float | None = Field(
        ge=0, le=100, description="largest worsening tolerated in the worst zone, in percent; null where zones are not guarded"
    )

    @property
    def ledger_policy(self) -> LedgerPolicy:
        """What the ledger of test periods allows."""
        return LedgerPolicy(self.one_sided_level, self.verdicts_per_period)

    def policy(self) -> GatePolicy:
        """The rule's thresholds."""
        return GatePolicy(
            minimum_effect_pct=self.minimum_effect_pct,
            fallback_margin_pct=self.fallback_margin_pct,
            one_sided_level=self.one_sided_level,
            minimum_days=self.minimum_days,
            maximum_test_age_days=self.maximum_test_age_days,
            guardrails=tuple(guardrail.policy(metric) for metric, guardrail in sorted(self.guardrails.items())),
            worst_zone_margin_pct=self.worst_zone_margin_pct,
        )


PersonName = Annotated[str, Field(min_length=1)]
PublicKey = Annotated[str, Field(min_length=1)]


class ReleaseSection(Section):
    """Who may let a candidate into production."""

    approvers: list[PersonName] | dict[PersonName, PublicKey] = Field(
        description="people who may approve, as `--approver` names them, each with a public key; with an empty list nobody may"
    )
    four_eyes: bool = Field(description="whether the approver must be somebody else than who began the campaign")
    expiry_days: int = Field(7, ge=1, le=90, description="days after its verdict in which a candidate can be approved")
    signatures: Literal["required", "optional"] = Field(
        "optional", description="whether nothing is released or published without the signature of an approver"
    )
    former_approvers: dict[PersonName, PublicKey] = Field(
        default_factory=dict, description="public keys of people who may approve no more, whose releases stay valid"
    )

    @property
    def policy(self) -> ReleasePolicy:
        """The release rules' settings."""
        keys = self.approvers if isinstance(self.approvers, dict) else {}
        return ReleasePolicy(
            approvers=tuple(self.approvers),
            four_eyes=self.four_eyes,
            expiry_days=self.expiry_days,
            signatures_required=self.signatures == "required",
            keys=keys,
            former_keys=self.former_approvers,
        )

    @model_serializer(mode="wrap")
    def _only_what_is_set(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Campaigns of 0.1.0 have no keys for signatures, and their digests must stay as they are."""
        unset = {"signatures": "optional", "former_approvers": {}}
        return {name: value for name, value in serialise(self).items() if name not in unset or value != unset[name]}


class RegionSections(Section):
    """A whole region file."""

    region: str = Field(pattern=REGION_NAME, description="name of the region: small letters, digits, underscores")
    seed: int = Field(ge=0, le=2**32 - 1, description="number that all random draws of the campaign are keyed by")
    simulator: SimulatorSection = Field(description="which simulator, and which city")
    periods: PeriodsSection = Field(description="which days each part of a campaign may see")
    search: SearchSection = Field(description="how candidates are found")
    production: dict[str, Number] = Field(
        min_length=1, description="parameters that run in production now, all of them, by name"
    )
    gate: GateSection = Field(description="what a candidate must show on the test days")
    worlds: WorldsSection | None = Field(
        None,
        description="which worlds a campaign averages over, and which a candidate must survive; one world where it is left out",
    )
    routes: RoutesSection | None = Field(
        None, description="which routes are looked at before anybody approves; none where it is left out"
    )
    release: ReleaseSection | None = Field(
        None, description="who may let a candidate into production; nobody where it is left out"
    )
    rollout_plan: RolloutPlanField = Field(
        None, description="how an approved candidate comes to the region: `immediate`, or an experiment on the street first"
    )
