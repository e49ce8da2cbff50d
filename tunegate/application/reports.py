"""The report of a campaign: its content, its page, and the page that lists all campaigns."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence

from tunegate import __version__
from tunegate.adapters.local.source_version import git_commit
from tunegate.application.campaigns import find_campaign
from tunegate.application.simulation import stored_answers
from tunegate.application.verdicts import Judged
from tunegate.config.plan import CampaignPlan
from tunegate.domain.days import Arm, Forecast
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.gate.characteristics import published
from tunegate.gate.confirmation import Confirmed
from tunegate.gate.ledger import Allowance
from tunegate.installation import Installation
from tunegate.ports.campaign_store import CampaignStore
from tunegate.ports.report_store import ReportStore
from tunegate.report.model import (
    CampaignReport,
    FailureCount,
    GateResult,
    Money,
    Provenance,
    RouteReport,
    Settings,
    Timing,
)
from tunegate.report.page.index import INDEX_PAGE, page_name, render_index


def stored_page(reports: ReportStore, name: str) -> str | None:
    """The address of a page; None where none was written."""
    return reports.uri(name) if name in reports.names() else None


def write_index(campaigns: CampaignStore, reports: ReportStore) -> None:
    """Write the page that lists every campaign by region with its verdict."""
    pages = reports.names()

    def own_page(campaign: str) -> str | None:
        name = page_name(campaign)
        return reports.link(name) if name in pages else None

    reports.put(INDEX_PAGE, render_index(campaigns.all(), own_page))


def compose_report(
    installation: Installation,
    campaign: str,
    confirmed: Sequence[Confirmed],
    judged: Judged | None,
    checked: RouteReport | None = None,
) -> CampaignReport:
    """Everything the report shows."""
    plan, study, row = installation.plan(campaign), installation.study(campaign), find_campaign(installation, campaign)
    trials, finished = study.trials(), installation.clock.now()
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
        confirmed=tuple(confirmed),
        candidate=None if judged is None else next(one for one in confirmed if one.trial.parameters == judged.candidate),
        gate=None if judged is None else _gate(installation, plan, judged),
        failures=_failures(trials, confirmed),
        timing=_timing(installation, plan, trials, (finished - row.started).total_seconds()),
        routes=checked,
        exploratory=() if plan.provenance is None else plan.provenance.exploratory,
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
        git_commit=git_commit(),
        city_digest=plan.city_facts.digest,
        config_digest=plan.config.digest,
        record_digest=record_digest,
    )


def _gate(installation: Installation, plan: CampaignPlan, judged: Judged) -> GateResult:
    allowed = judged.allowed
    return GateResult(
        judged.judgement,
        plan.gate_policy,
        drivers=_drivers_a_day(installation, plan),
        allowed=allowed if isinstance(allowed, Allowance) else None,
        operating_characteristics=published(),
    )


def _drivers_a_day(installation: Installation, plan: CampaignPlan) -> float | None:
    """Mean drivers on shift per simulated test day, None when production was not simulated there."""
    requests = tuple(plan.gate_requests(Arm.PRODUCTION, Forecast.ML, plan.production).values())
    answers = stored_answers(installation, plan.campaign, requests)
    days = [] if answers is None else [day for answer in answers for day in answer.days]
    return sum(day.drivers for day in days) / len(days) if days else None


def _failures(trials: Sequence[TrialRecord], confirmed: Sequence[Confirmed]) -> tuple[FailureCount, ...]:
    reasons = [trial.reason for trial in trials if trial.state is TrialState.FAILED and trial.reason]
    reasons += [one.failure for one in confirmed if one.failure]
    return tuple(FailureCount(reason, count) for reason, count in Counter(reasons).most_common())


def _timing(installation: Installation, plan: CampaignPlan, trials: Sequence[TrialRecord], wall_s: float) -> Timing:
    """What the campaign cost. The overhead is the search's: its wall time in all workers, less what simulators computed."""
    stored = installation.results.day_results(plan.campaign)
    searched_s = sum(trial.simulation_s for trial in trials)
    times = [moment for trial in trials for moment in (trial.started_at, trial.finished_at) if moment is not None]
    interrupted = any(trial.state is TrialState.INTERRUPTED for trial in trials)
    search_wall_s = (max(times) - min(times)).total_seconds() if times else 0.0
    overhead_s = (search_wall_s * plan.config.search.workers - searched_s) / max(1, len(trials))
    simulated_days = len({(day.content_digest, day.result.day, day.result.seed) for day in stored})
    return Timing(wall_s, searched_s, simulated_days, None if interrupted or not times else overhead_s)
