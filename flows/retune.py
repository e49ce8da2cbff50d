"""One campaign of one region, from its configuration to a judged candidate."""

from __future__ import annotations

from typing import Any

from prefect import flow, tags

from flows.confirm import confirm
from flows.gate import gate
from flows.tune import tune
from tasks.campaigns import close_campaign, open_campaign, tag_this_run
from tasks.evaluation import choose_candidate
from tasks.report import write_report
from tasks.simulation import warm_simulators


@flow
async def retune(config: str, overrides: list[str] | None = None, campaign: str | None = None) -> dict[str, Any]:
    """Tune a region, confirm the best, judge the candidate, and report; returns the outcome as `--json` prints it.

    `config` is a region file, `overrides` are dotted.key=value texts, `campaign` names one to resume. Running it again for
    the same campaign repeats nothing that is done. Raises BadInput, FailureBudgetSpent, SimulationFailed.
    """
    plan = await open_campaign(config, overrides or [], campaign)
    labels = await tag_this_run(plan)
    async with warm_simulators(plan.campaign):
        with tags(*labels):
            await tune(plan.region, plan.campaign, plan.config.search.workers)
            confirmed = await confirm(plan.region, plan.campaign)
            candidate = await choose_candidate(confirmed)
            judged = await gate(plan.region, plan.campaign, candidate) if candidate is not None else None
    outcome = await write_report(plan.campaign, confirmed, judged)
    await close_campaign(plan.campaign, outcome)
    return outcome
