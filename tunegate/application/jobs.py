"""What flows are called with where a run may start in another process: one frozen, typed payload each, JSON on the way.

Each is made from a campaign's plan here, and parsed once where it arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, TypeAdapter, WithJsonSchema

from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Parameters
from tunegate.domain.placement import Placement
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.trials import TrialRecord
from tunegate.ports.results import RequestKey, SimulationPhase
from tunegate.search.answers import TrialToRun

PRODUCTION = "production"

_NUMBERS = TypeAdapter(dict[str, int | float])


def _parameters(value: Any) -> Parameters:
    return value if isinstance(value, Parameters) else Parameters(_NUMBERS.validate_python(value))


def _request(value: Any) -> SimulationRequest:
    try:
        return value if isinstance(value, SimulationRequest) else SimulationRequest.from_message(value)
    except (KeyError, TypeError) as error:
        raise ValueError(f"a request must be a message of the simulator contract, but got {error!r}") from error


_AS_OBJECT = WithJsonSchema({"type": "object"})
ParametersField = Annotated[Parameters, PlainValidator(_parameters), PlainSerializer(dict), _AS_OBJECT]
RequestField = Annotated[
    SimulationRequest, PlainValidator(_request), PlainSerializer(lambda request: request.as_message()), _AS_OBJECT
]


class _Job(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    campaign: str


class SimulationJob(_Job):
    """One simulation. `subject` is the trial or the arm it is for, and with the region the name of its run.

    It is one request, or one for each world of the trial or the arm. A trial that may be pruned has its number in
    `prune_trial`. `own_process` says that the run has a process to itself.
    """

    phase: SimulationPhase
    subject: str
    requests: tuple[RequestField, ...]
    attempts: int = 1
    prune_trial: int | None = None
    own_process: bool = False

    def key_of(self, request: SimulationRequest) -> RequestKey:
        """What the answer to one of its requests is stored under."""
        return RequestKey(self.phase, _subject(request, self.campaign))

    def as_deployment_run(self) -> SimulationJob:
        """The same as a run of the `simulate` deployment: one attempt, in a process of its own."""
        return self.model_copy(update={"attempts": 1, "own_process": True})


class WorkerJob(_Job):
    """One worker of a search, counted from 1."""

    number: int
    placement: Placement = Placement.INLINE

    @property
    def name(self) -> str:
        """How the study and the runs call the worker."""
        return f"worker-{self.number}"


class GateJob(_Job):
    """A candidate to be judged."""

    candidate: ParametersField
    placement: Placement = Placement.INLINE


class RoutesJob(_Job):
    """A candidate whose routes are to be checked, with the digest of its verdict."""

    candidate: ParametersField
    verdict: str
    attempts: int


def trial_job(plan: CampaignPlan, asked: TrialToRun) -> SimulationJob:
    """One trial of the search. It is attempted once: the study decides about trying the same parameters again."""
    requests, may_prune = plan.trial_requests(asked.number, asked.parameters), plan.config.search.pruner != "none"
    number = asked.number if may_prune else None
    return _job(plan, SimulationPhase.SEARCH, trial_subject(asked.number), requests, attempts=1, prune_trial=number)


def confirmation_jobs(plan: CampaignPlan, finalists: Sequence[TrialRecord]) -> list[SimulationJob]:
    """Production first, then every finalist, on the validation days: in believed worlds, and in those that it must survive."""
    arms = {PRODUCTION: plan.production, **{trial_subject(trial.number): trial.parameters for trial in finalists}}
    attempts = plan.config.search.attempts_per_trial
    jobs = []
    for arm, parameters in arms.items():
        stress = plan.confirmation_stress_requests(arm, parameters).values()
        requests = (*plan.confirmation_requests(arm, parameters), *stress)
        jobs.append(_job(plan, SimulationPhase.CONFIRMATION, f"confirm-{arm}", requests, attempts=attempts))
    return jobs


def gate_jobs(plan: CampaignPlan, candidate: Parameters) -> list[SimulationJob]:
    """The four patterns on the test days in every believed world, production's self-check, and stress worlds with ml."""
    hexadecimal = candidate.digest.removeprefix("sha256:")
    arms = {PRODUCTION: plan.production, f"candidate-{hexadecimal[:8]}": candidate}
    requests: dict[str, tuple[SimulationRequest, ...]] = {}
    for forecast in Forecast:
        for arm, parameters in arms.items():
            stress = plan.gate_stress_requests(arm, parameters).values() if forecast is Forecast.ML else ()
            requests[f"gate-{arm}-{forecast}"] = (*plan.gate_requests(arm, forecast, parameters).values(), *stress)
    requests["gate-self-check"] = (plan.self_check_request(),)
    attempts = plan.config.search.attempts_per_trial
    return [_job(plan, SimulationPhase.GATE, subject, each, attempts=attempts) for subject, each in requests.items()]


def gate_job(plan: CampaignPlan, candidate: Parameters, placement: Placement) -> GateJob:
    """The judgement of a campaign's candidate."""
    return GateJob(region=plan.region, campaign=plan.campaign, candidate=candidate, placement=placement)


def trial_subject(number: int) -> str:
    """How a trial is called wherever people look for it."""
    return f"trial-{number:04d}"


def _subject(request: SimulationRequest, campaign: str) -> str:
    return request.id.removeprefix(f"{campaign}/")


def _job(
    plan: CampaignPlan,
    phase: SimulationPhase,
    subject: str,
    requests: tuple[SimulationRequest, ...],
    *,
    attempts: int,
    prune_trial: int | None = None,
) -> SimulationJob:
    return SimulationJob(
        region=plan.region,
        campaign=plan.campaign,
        phase=phase,
        subject=subject,
        requests=requests,
        attempts=attempts,
        prune_trial=prune_trial,
    )
