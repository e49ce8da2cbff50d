"""The ledger of test periods and the records of verdicts: what a verdict cost, and what it rests on."""

from __future__ import annotations

import asyncio
from datetime import date

from prefect import task

from orchestration.task_options import EFFECT
from tunegate import __version__, wiring
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Arm, Forecast, SimulationAnswer
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.parameters import Parameters
from tunegate.domain.simulation import SimulationRequest
from tunegate.gate.evidence import GateEvidence, Pattern
from tunegate.gate.judgement import Judgement
from tunegate.gate.ledger import Allowance, LedgerQuestion, LevelSpent, allowance
from tunegate.gate.record import ReplayOutcome, build_record, replay
from tunegate.gate.verdict_document import read_verdict
from tunegate.ports.records import LedgerEntry, LedgerMoved

MOST_LEDGER_TRIES = 100


@task(**EFFECT)
async def spend_test_period(campaign: str, candidate: Parameters) -> Allowance | LevelSpent:
    """Enter the coming verdict into the ledger, before anything is simulated on the test days.

    The same question asked again spends nothing. A refusal says which verdicts have spent the level, and what to do.
    """
    plan = wiring.plan(campaign)
    for _ in range(MOST_LEDGER_TRIES):
        try:
            return await asyncio.to_thread(_spend, plan, candidate)
        except LedgerMoved:
            continue  # Another campaign of the region was first: what is left is worked out again.
    rule = "the ledger of a region must hold every use in order"
    found, place = "a gap, or other campaigns that never stop writing", f"ledger of {plan.region}, {wiring.workspace().root}"
    raise BadInput(Fault(rule, found, place, "Restore the ledger: a use that was deleted cannot be made undone."))


def _spend(plan: CampaignPlan, candidate: Parameters) -> Allowance | LevelSpent:
    ledger = wiring.stores().ledger
    entries = ledger.entries(plan.region)
    asked = LedgerQuestion(plan.region, plan.periods.test, plan.question_digest(candidate))
    allowed = allowance(entries, asked, plan.config.gate.ledger_policy)
    if isinstance(allowed, Allowance) and not allowed.repeated:
        now = wiring.clock().now()
        spent = (candidate.digest, asked.question_digest, allowed.alpha, now)
        ledger.append(LedgerEntry(plan.region, asked.test, plan.campaign, *spent), after=len(entries))
    return allowed


def gather_evidence(plan: CampaignPlan, candidate: Parameters, allowed: Allowance | LevelSpent) -> GateEvidence:
    """Everything the verdict rests on, as far as it was simulated; what is missing, the gate calls Invalid."""
    refused = isinstance(allowed, LevelSpent)
    return GateEvidence(
        region=plan.region,
        campaign=plan.campaign,
        test=plan.periods.test,
        days=plan.periods.test.days,
        seeds=plan.gate_seeds,
        production=plan.production,
        candidate=candidate,
        live_production_digest=wiring.live_production(plan).digest,
        answers={} if refused else stored_patterns(plan, candidate),
        self_check=None if refused else kept_answer(plan.campaign, plan.self_check_request()),
        judged_on=began_on(plan.campaign),
        newest_data_day=plan.city_facts.last_day,
        alpha_spent=allowed.alpha if isinstance(allowed, Allowance) else 0.0,
        refusal=f"{allowed.reason}. {allowed.remedy}" if isinstance(allowed, LevelSpent) else None,
    )


def began_on(campaign: str) -> date:
    """The day a campaign began (UTC): a resumed gate must not make a second record of the same judgement, with a new expiry."""
    row = wiring.stores().campaigns.find(campaign)
    if row is None:
        raise LookupError(f"campaign {campaign} is not in the book")
    return row.started.date()


def keep_record(evidence: GateEvidence, plan: CampaignPlan, judgement: Judgement) -> str:
    """Write the immutable record of a verdict; returns its digest, which is what a person approves."""
    commit = wiring.git_commit()
    version = __version__ if commit is None else f"{__version__} {commit}"
    record = build_record(evidence, plan.config.gate.policy(), judgement, version)
    return wiring.stores().verdicts.save(plan.region, plan.campaign, record.document, wiring.clock().now())


def replay_verdict(verdict: str) -> tuple[str, ReplayOutcome]:
    """Compute a recorded verdict again from the stored day results; returns its full id and whether it agrees.

    `verdict` is its id or the beginning of it. Raises BadInput when there is none. Day results that are gone are differences.
    """
    found = wiring.stores().verdicts.find(verdict)
    if found is None:
        raise unknown_verdict(verdict)
    plan = wiring.plan(found.campaign)
    evidence = read_verdict(found.document).evidence
    if evidence.refusal is not None:
        return found.id, replay(found.document, {}, None)
    self_check = kept_answer(plan.campaign, plan.self_check_request())
    return found.id, replay(found.document, stored_patterns(plan, evidence.candidate), self_check)


def unknown_verdict(verdict: str) -> BadInput:
    """The error for a verdict that is not there."""
    rule = "a verdict must be named by its id or at least six digits of it"
    return BadInput(Fault(rule, verdict, str(wiring.workspace().root), "`tunegate verdict list REGION` shows what there is."))


def stored_patterns(plan: CampaignPlan, candidate: Parameters) -> dict[Pattern, SimulationAnswer]:
    """The answers of the four patterns that are in the results store."""
    arms = {Arm.PRODUCTION: plan.production, Arm.CANDIDATE: candidate}
    requests = {(arm, forecast): plan.gate_request(arm, forecast, arms[arm]) for forecast in Forecast for arm in Arm}
    answers = {pattern: kept_answer(plan.campaign, request) for pattern, request in requests.items()}
    return {pattern: answer for pattern, answer in answers.items() if answer is not None}


def kept_answer(campaign: str, request: SimulationRequest) -> SimulationAnswer | None:
    """The answer to a request, if it is in the results store."""
    return wiring.stores().results.find_answer(campaign, request.content_digest)
