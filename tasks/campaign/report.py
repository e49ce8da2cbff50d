"""The report of a campaign: one HTML file, artifacts beside the run, and the outcome as JSON."""

from __future__ import annotations

import asyncio
import platform
from collections import Counter
from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact

from orchestration.notifications import tell, this_run_url
from orchestration.task_options import EFFECT, artifact_key
from tasks.verdict.evaluation import Judged
from tasks.verdict.records import kept_answer
from tunegate import __version__, wiring
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Arm, Forecast
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.gate.characteristics import published
from tunegate.gate.confirmation import Confirmed
from tunegate.gate.ledger import Allowance
from tunegate.report.messages.artifacts import parameter_rows, value_rows
from tunegate.report.messages.notices import VerdictReached
from tunegate.report.messages.verdict_words import words_for
from tunegate.report.model import (
    CampaignReport,
    Candidate,
    Confirmation,
    FailureCount,
    GateResult,
    Money,
    OperatingCharacteristic,
    PeriodUse,
    Provenance,
    RouteReport,
    Settings,
    Timing,
)
from tunegate.report.page.campaign_page import render
from tunegate.report.page.index import INDEX_PAGE, page_name, render_index, route_map_name
from tunegate.report.plots.still_images import pictures_markdown
from tunegate.report.terminal.verdict_text import markdown, outcome_json


@task(**EFFECT)
async def compose_report(
    campaign: str, confirmed: Sequence[Confirmed], judged: Judged | None, checked: RouteReport | None = None
) -> CampaignReport:
    """Gather everything the report shows."""
    return await asyncio.to_thread(compose, campaign, confirmed, judged, checked)


@task(**EFFECT)
async def publish_report(report: CampaignReport) -> dict[str, Any]:
    """Write the HTML page and the run's artifacts; returns the outcome as `--json` prints it."""
    shelf, name = wiring.reports(), page_name(report.campaign)
    await asyncio.to_thread(shelf.put, name, render(report))
    key, about = artifact_key(report.campaign), report.campaign
    await acreate_markdown_artifact(markdown(report), key=f"verdict-{key}", description=f"Verdict of {about}")
    await acreate_table_artifact(value_rows(report), key=f"values-{key}", description=f"Gain of {about}, as it was found")
    await acreate_table_artifact(parameter_rows(report), key=f"parameters-{key}", description=f"What {about} would change")
    pictures = await asyncio.to_thread(pictures_markdown, report)
    await acreate_markdown_artifact(pictures, key=f"pictures-{key}", description=f"Pictures of {about}")
    await acreate_link_artifact(shelf.uri(name), link_text=name, key=f"report-{key}", description=f"Report of {about}")
    return outcome_json(report, shelf.location(name))


@task(**EFFECT)
async def tell_verdict(report: CampaignReport) -> None:
    """Tell people how a campaign ended."""
    words, address = words_for(report), await asyncio.to_thread(report_address, report.campaign)
    said = (words.outcome.value, words.sentence, address, this_run_url())
    await tell(VerdictReached(report.region, report.campaign, *said))


@task(**EFFECT)
async def refresh_index() -> None:
    """Write the page that lists every campaign by region with its verdict, so that nobody searches among hundreds of runs."""
    await asyncio.to_thread(write_index)


def report_address(campaign: str) -> str | None:
    """Where people open the report of a campaign; None where none was written."""
    return _address(page_name(campaign))


def route_map_address(campaign: str) -> str | None:
    """Where people open the map of a campaign's routes; None where none was written."""
    return _address(route_map_name(campaign))


def _address(name: str) -> str | None:
    shelf = wiring.reports()
    return shelf.uri(name) if name in shelf.names() else None


def write_index() -> None:
    """The same, outside of a run."""
    shelf = wiring.reports()
    campaigns, pages = wiring.stores().campaigns.all(), shelf.names()

    def own_page(campaign: str) -> str | None:
        name = page_name(campaign)
        return shelf.link(name) if name in pages else None

    shelf.put(INDEX_PAGE, render_index(campaigns, own_page))


def compose(
    campaign: str, confirmed: Sequence[Confirmed], judged: Judged | None, checked: RouteReport | None = None
) -> CampaignReport:
    """Everything the report shows, from the stores and the pure gate."""
    plan, study = wiring.plan(campaign), wiring.study(campaign)
    row = wiring.stores().campaigns.find(campaign)
    if row is None:
        raise LookupError(f"campaign {campaign} is not in the book")
    trials, finished = study.trials(), wiring.clock().now()
    by_digest = {one.trial.parameters.digest: one for one in confirmed}
    return CampaignReport(
        campaign=campaign,
        region=plan.region,
        started_at=row.started,
        finished_at=finished,
        money=Money(plan.city_facts.currency, plan.city_facts.minor_per_major),
        settings=_settings(plan),
        provenance=_provenance(plan, None if judged is None else judged.record_digest),
        parameters=plan.description.parameters,
        metrics=plan.description.metrics,
        dimensions=plan.config.dimensions,
        production=plan.production,
        trials=trials,
        importance=study.importance(),
        confirmations=tuple(_confirmation(one) for one in confirmed),
        candidate=None if judged is None else _candidate(by_digest[judged.candidate.digest]),
        gate=None if judged is None else _gate(plan, judged),
        failures=_failures(trials, confirmed),
        timing=_timing(plan, trials, (finished - row.started).total_seconds()),
        routes=checked,
    )


def _settings(plan: CampaignPlan) -> Settings:
    search = plan.config.search
    return Settings(
        periods=plan.periods,
        tuning_days=plan.periods.tuning.days,
        tuning_seeds=plan.search_seeds,
        validation_seeds=plan.validation_seeds,
        test_seeds=plan.gate_seeds,
        trial_budget=search.trials,
        top_k=search.confirm_top,
        workers=search.workers,
        sampler=search.sampler,
        pruner=None if search.pruner == "none" else search.pruner,
        forecast=search.demand_forecast,
    )


def _provenance(plan: CampaignPlan, record_digest: str | None) -> Provenance:
    return Provenance(
        tunegate_version=__version__,
        simulator_name=plan.description.name,
        simulator_version=plan.description.version,
        python_version=platform.python_version(),
        git_commit=wiring.git_commit(),
        city_digest=plan.city_facts.digest,
        config_digest=plan.config.digest,
        record_digest=record_digest,
    )


def _confirmation(one: Confirmed) -> Confirmation:
    return Confirmation(one.trial.number, one.trial.value_pct, one.validation, one.failure)


def _candidate(one: Confirmed) -> Candidate:
    return Candidate(one.trial.number, one.trial.parameters, one.trial.value_pct, one.validation)


def _gate(plan: CampaignPlan, judged: Judged) -> GateResult:
    allowed = judged.allowed
    return GateResult(
        judged.judgement,
        plan.config.gate.policy(),
        drivers=_drivers_a_day(plan),
        period_use=PeriodUse(allowed.use, 100 * allowed.alpha) if isinstance(allowed, Allowance) else None,
        operating_characteristics=tuple(
            OperatingCharacteristic(row.name, row.measured_pct, row.demanded, row.met) for row in published()
        ),
    )


def _drivers_a_day(plan: CampaignPlan) -> float | None:
    """Mean drivers on shift per simulated test day, None when production was not simulated there."""
    answer = kept_answer(plan.campaign, plan.gate_request(Arm.PRODUCTION, Forecast.ML, plan.production))
    return None if answer is None else sum(day.drivers for day in answer.days) / len(answer.days)


def _failures(trials: Sequence[TrialRecord], confirmed: Sequence[Confirmed]) -> tuple[FailureCount, ...]:
    reasons = [trial.reason for trial in trials if trial.state is TrialState.FAILED and trial.reason]
    reasons += [one.failure for one in confirmed if one.failure]
    return tuple(FailureCount(reason, count) for reason, count in Counter(reasons).most_common())


def _timing(plan: CampaignPlan, trials: Sequence[TrialRecord], wall_s: float) -> Timing:
    """What the campaign cost. The overhead is the search's: its wall time in all workers, less what simulators computed."""
    kept = wiring.stores().results.day_results(plan.campaign)
    searched_s = sum(trial.simulation_s for trial in trials)
    times = [moment for trial in trials for moment in (trial.started_at, trial.finished_at) if moment is not None]
    interrupted = any(trial.state is TrialState.INTERRUPTED for trial in trials)
    search_wall_s = (max(times) - min(times)).total_seconds() if times else 0.0
    overhead_s = (search_wall_s * plan.config.search.workers - searched_s) / max(1, len(trials))
    simulated_days = len({(day.content_digest, day.result.day, day.result.seed) for day in kept})
    return Timing(wall_s, searched_s, simulated_days, None if interrupted or not times else overhead_s)
