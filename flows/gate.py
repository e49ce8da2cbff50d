"""The gate: production and candidate under both forecasts, on test days that nothing before it has named."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.simulate import simulated
from orchestration.installation_context import current_installation
from orchestration.progress_events import announce_phase
from tasks.verdict.judge import judge_candidate, spend_test_period
from tunegate.application.jobs import GateJob, gate_jobs
from tunegate.application.verdicts import Judged
from tunegate.gate.ledger import Allowance
from tunegate.report.terminal.progress import CampaignPhase


@flow(flow_run_name="{job.region}/gate")
async def gate(job: GateJob) -> Judged:
    """Judge a candidate against production and store the verdict.

    Every look at the test days is in the ledger before it is taken; days whose error level is spent are not simulated at all.
    That, and a pattern that could not be simulated, make the verdict Invalid; neither raises.
    """
    announce_phase(job.campaign, CampaignPhase.GATE)
    allowed = await spend_test_period(job.campaign, job.candidate)
    if isinstance(allowed, Allowance):
        jobs = gate_jobs(current_installation().plan(job.campaign), job.candidate)
        await asyncio.gather(*(simulated(each, job.placement) for each in jobs))
    return await judge_candidate(job.campaign, job.candidate, allowed)
