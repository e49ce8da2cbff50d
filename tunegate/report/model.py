"""Everything a report shows, as one frozen value built of domain types and plain numbers.

Effects are percent of production unless their name says otherwise; money is in minor currency units; `None` always means
"not computed" or "did not happen", and every renderer says so in words instead of printing 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Dimension, MetricSpec, Parameters, ParameterSpec
from tunegate.domain.periods import Periods
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.gate.characteristics import Characteristic
from tunegate.gate.confirmation import Confirmed
from tunegate.gate.judgement import Judgement
from tunegate.gate.ledger import Allowance
from tunegate.gate.policy import GatePolicy
from tunegate.gate.routes.check import RouteFindings
from tunegate.gate.routes.policy import RoutePolicy


@dataclass(frozen=True, slots=True)
class Money:
    """Currency code (ISO 4217) and how many minor units make one of it."""

    currency: str
    minor_per_major: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the configuration a reader must know to trust or repeat the campaign.

    `tuning_days` are the days one trial simulates, which may be fewer than the tuning period has; `forecast` is the one the
    search planned with. The gate always uses both.
    """

    periods: Periods
    tuning_days: tuple[date, ...]
    tuning_seeds: tuple[int, ...]
    validation_seeds: tuple[int, ...]
    test_seeds: tuple[int, ...]
    trial_budget: int
    top_k: int
    workers: int
    sampler: str
    pruner: str | None
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Provenance:
    """Versions and digests (`sha256:…`) of all that went in; `record_digest` is what a person approves."""

    tunegate_version: str
    simulator_name: str
    simulator_version: str
    python_version: str
    git_commit: str | None
    city_digest: str
    config_digest: str
    record_digest: str | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """The judgement with the thresholds it was made by.

    `drivers` is the mean number of drivers per simulated day, None when not known: with it, gains are also shown per driver.
    `allowed` says which use of its test period the verdict was, and the error level it could spend.
    """

    judgement: Judgement
    policy: GatePolicy
    drivers: float | None = None
    allowed: Allowance | None = None
    operating_characteristics: tuple[Characteristic, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteReport:
    """A route check with the policy it was made by. `map_href` is where the map is, as the report links to it, or None.

    `drawn` says in words which routes were drawn.
    """

    findings: RouteFindings
    policy: RoutePolicy
    drawn: str
    map_href: str | None = None


@dataclass(frozen=True, slots=True)
class FailureCount:
    """How often simulations failed for one reason, attempts that a retry repaired included."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Timing:
    """What the campaign cost; `overhead_s_per_trial` is (wall x workers - simulation time) / trials."""

    wall_s: float
    simulation_s: float
    simulated_days: int
    overhead_s_per_trial: float | None


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """One campaign from first trial to verdict.

    `parameters` and `metrics` are the simulator's words on each, `dimensions` what was searched. `candidate` and `gate` are
    both None when nothing beat production on the validation days: then no gate was run. `importance` maps parameter names to
    shares that add up to 1, or is None when too few trials finished to say. `approval_page` is where somebody may approve the
    candidate in a browser, None where that is done by command. `routes` is None where none were asked for.
    `exploratory` is why the verdict can never be released, empty for a campaign of reviewed files.

    Raises ValueError when timestamps have no zone, or when only one of candidate and gate is there.
    """

    campaign: str
    region: str
    started_at: datetime
    finished_at: datetime
    money: Money
    settings: Settings
    provenance: Provenance
    parameters: tuple[ParameterSpec, ...]
    metrics: tuple[MetricSpec, ...]
    dimensions: tuple[Dimension, ...]
    production: Parameters
    trials: tuple[TrialRecord, ...]
    importance: Mapping[str, float] | None
    confirmed: tuple[Confirmed, ...]
    candidate: Confirmed | None
    gate: GateResult | None
    failures: tuple[FailureCount, ...]
    timing: Timing
    approval_page: str | None = None
    routes: RouteReport | None = None
    exploratory: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, moment in (("started_at", self.started_at), ("finished_at", self.finished_at)):
            if moment.tzinfo is None:
                raise ValueError(f"{name} must carry a time zone, but got {moment.isoformat()}")
        if (self.candidate is None) != (self.gate is None):
            raise ValueError(
                "candidate and gate must both be there or both be None, "
                f"but got candidate={self.candidate is not None}, gate={self.gate is not None}"
            )

    def count(self, state: TrialState) -> int:
        """How many trials are in this state."""
        return sum(trial.state is state for trial in self.trials)
