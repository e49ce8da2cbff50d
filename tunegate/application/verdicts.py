"""From stored answers to a choice and a verdict, its record and its replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunegate import __version__
from tunegate.adapters.local.source_version import git_commit
from tunegate.application.campaigns import find_campaign
from tunegate.application.simulation import Simulated, stored_answer
from tunegate.application.verdict_lookup import find_verdict
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Arm, Forecast, SimulationAnswer, merged
from tunegate.domain.errors import BadInput, Fault, SimulationFailed
from tunegate.domain.parameters import Parameters
from tunegate.domain.simulation import SimulationRequest
from tunegate.domain.trials import TrialRecord
from tunegate.gate.confirmation import ConfirmationAnswers, Confirmed, confirm_finalists
from tunegate.gate.evidence import GateEvidence, Pattern, StressRuns, WorldRuns
from tunegate.gate.judge import judge
from tunegate.gate.judgement import Judgement
from tunegate.gate.ledger import Allowance, LedgerEntry, LedgerQuestion, LevelSpent, allowance
from tunegate.gate.record import ReplayOutcome, StoredRuns, build_record, replay
from tunegate.gate.verdict_document import read_verdict
from tunegate.installation import Installation
from tunegate.ports.records import LedgerMoved

MOST_LEDGER_TRIES = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on a candidate, what the ledger allowed it to spend, and the digest of its record."""

    candidate: Parameters
    judgement: Judgement
    allowed: Allowance | LevelSpent
    record_digest: str


def confirm(
    installation: Installation,
    campaign: str,
    finalists: Sequence[TrialRecord],
    outcomes: Sequence[Simulated | SimulationFailed],
) -> tuple[Confirmed, ...]:
    """Rank the finalists by their validation days. `outcomes` are of production's run and then of theirs.

    Raises SimulationFailed when production's run failed: nothing can be compared then.
    """
    plan = installation.plan(campaign)
    of_production, *theirs = outcomes
    if isinstance(of_production, SimulationFailed):
        raise of_production
    by_number = {trial.number: outcome for trial, outcome in zip(finalists, theirs, strict=True)}
    failures = {number: str(outcome.fault) for number, outcome in by_number.items() if isinstance(outcome, SimulationFailed)}
    answers = {
        trial.number: _confirmation_answers(installation, plan, trial.parameters)
        for trial in finalists
        if trial.number not in failures
    }
    margins_pct = {} if plan.worlds is None else {world.name: world.margin_pct for world in plan.worlds.stress}
    production = _confirmation_answers(installation, plan, plan.production)
    return confirm_finalists(production, finalists, answers, failures, margins_pct)


def spend_test_period(installation: Installation, plan: CampaignPlan, candidate: Parameters) -> Allowance | LevelSpent:
    """Enter the coming verdict into the ledger, before anything is simulated on the test days.

    The same question asked again spends nothing. Raises BadInput when the ledger has a gap.
    """
    for _ in range(MOST_LEDGER_TRIES):
        try:
            return _spend(installation, plan, candidate)
        except LedgerMoved:
            continue  # Another campaign of the region was first: what is left is worked out again.
    rule, found = "the ledger of a region must hold every use in order", "a gap, or other campaigns that never stop writing"
    place, remedy = f"ledger of {plan.region}, {installation.workspace.root}", "Restore the ledger from a backup."
    raise BadInput(Fault(rule, found, place, remedy))


def judge_and_record(
    installation: Installation, plan: CampaignPlan, candidate: Parameters, allowed: Allowance | LevelSpent
) -> Judged:
    """Judge a candidate on the stored answers of the four patterns, and store the record, which a person may approve."""
    evidence, policy = gather_evidence(installation, plan, candidate, allowed), plan.gate_policy
    judgement = judge(evidence, policy)
    record = build_record(evidence, policy, judgement, code_version())
    digest = installation.verdicts.save(plan.region, plan.campaign, record.document, installation.clock.now())
    return Judged(candidate, judgement, allowed, digest)


def gather_evidence(
    installation: Installation, plan: CampaignPlan, candidate: Parameters, allowed: Allowance | LevelSpent
) -> GateEvidence:
    """Everything the verdict rests on, as far as it was simulated; what is missing, the gate calls Invalid.

    It is judged on the day the campaign began (UTC): a resumed gate must not make a second record of the same judgement, with a
    later expiry.
    """
    current, spent = installation.registry.current(plan.region), isinstance(allowed, LevelSpent)
    runs = StoredRuns() if spent else stored_runs(installation, plan, candidate)
    stress = () if plan.worlds is None else plan.worlds.stress
    seeds_of_stress = {name: each.seeds for name, each in plan.gate_stress_requests("", candidate).items()}
    return GateEvidence(
        region=plan.region,
        campaign=plan.campaign,
        test=plan.periods.test,
        days=plan.periods.test.days,
        seeds=plan.gate_seeds,
        production=plan.production,
        candidate=candidate,
        live_production_digest=(plan.production if current is None else current.parameters).digest,
        answers=runs.answers,
        self_check=runs.self_check,
        worlds=tuple(
            WorldRuns(each.name, each.world, each.days, each.seeds, runs.worlds.get(each.name, {})) for each in plan.gate_worlds
        ),
        stress_worlds=tuple(
            StressRuns(each.name, each.settings, seeds_of_stress[each.name], runs.stress_worlds.get(each.name, {}))
            for each in stress
        ),
        judged_on=find_campaign(installation, plan.campaign).started.date(),
        newest_data_day=plan.city_facts.last_day,
        alpha_spent=allowed.alpha if isinstance(allowed, Allowance) else 0.0,
        refusal=f"{allowed.reason}. {allowed.remedy}" if isinstance(allowed, LevelSpent) else None,
        configuration=plan.provenance,
    )


def replay_verdict(installation: Installation, named: str) -> tuple[str, ReplayOutcome]:
    """Compute a recorded verdict again from the stored day results; returns its full id and whether it agrees.

    Raises BadInput when there is none. Day results that are gone are differences.
    """
    found = find_verdict(installation, named)
    return found.id, replay_record(installation, installation.plan(found.campaign), found.document)


def replay_record(installation: Installation, plan: CampaignPlan, document: Mapping[str, Any]) -> ReplayOutcome:
    """Compute a record again from the day results that the store has for this plan. Raises UnreadableRecord."""
    evidence = read_verdict(document).evidence
    if evidence.refusal is not None:
        return replay(document, StoredRuns())
    return replay(document, stored_runs(installation, plan, evidence.candidate))


def code_version() -> str:
    """The version of the code, with its commit where that is known."""
    commit = git_commit()
    return __version__ if commit is None else f"{__version__} {commit}"


def _spend(installation: Installation, plan: CampaignPlan, candidate: Parameters) -> Allowance | LevelSpent:
    entries = installation.ledger.entries(plan.region)
    asked = LedgerQuestion(plan.region, plan.periods.test, plan.question_digest(candidate))
    allowed = allowance(entries, asked, plan.config.gate.ledger_policy)
    if isinstance(allowed, Allowance) and not allowed.repeated:
        spent = (candidate.digest, asked.question_digest, allowed.alpha, installation.clock.now())
        installation.ledger.append(LedgerEntry(plan.region, asked.test, plan.campaign, *spent), after=len(entries))
    return allowed


def stored_runs(installation: Installation, plan: CampaignPlan, candidate: Parameters) -> StoredRuns:
    """What the results store holds of the gate of a candidate."""
    arms, believed, stress = {Arm.PRODUCTION: plan.production, Arm.CANDIDATE: candidate}, {}, {}
    for arm, parameters in arms.items():
        for forecast in Forecast:
            believed[arm, forecast] = plan.gate_requests(arm, forecast, parameters)
        stress[arm, Forecast.ML] = plan.gate_stress_requests(arm, parameters)
    worlds = _by_world(installation, plan.campaign, believed)
    self_check = stored_answer(installation, plan.campaign, plan.self_check_request())
    stress_worlds = _by_world(installation, plan.campaign, stress)
    if plan.worlds is None:
        return StoredRuns(worlds.get("", {}), self_check)
    return StoredRuns({}, self_check, worlds, stress_worlds)


def _by_world(
    installation: Installation, campaign: str, requests: Mapping[Pattern, Mapping[str, SimulationRequest]]
) -> dict[str, dict[Pattern, SimulationAnswer]]:
    """The stored answers of each world by pattern; those that are not there are left out."""
    found: dict[str, dict[Pattern, SimulationAnswer]] = {}
    for pattern, by_world in requests.items():
        for world, request in by_world.items():
            answer = stored_answer(installation, campaign, request)
            if answer is not None:
                found.setdefault(world, {})[pattern] = answer
    return found


def _confirmation_answers(installation: Installation, plan: CampaignPlan, parameters: Parameters) -> ConfirmationAnswers:
    believed = [_complete_answer(installation, plan.campaign, each) for each in plan.confirmation_requests("", parameters)]
    stress = plan.confirmation_stress_requests("", parameters)
    return ConfirmationAnswers(
        merged(believed), {name: _complete_answer(installation, plan.campaign, each) for name, each in stress.items()}
    )


def _complete_answer(installation: Installation, campaign: str, request: SimulationRequest) -> SimulationAnswer:
    answer = stored_answer(installation, campaign, request)
    if answer is None:
        raise LookupError(f"no answer to {request.id} is in the results store, though its run is complete")
    return answer
