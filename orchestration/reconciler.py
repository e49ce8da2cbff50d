"""The reconciler: study, Prefect runs and stored answers, compared and brought into agreement. Every repair is safe to repeat.

Optuna knows which trials run, Prefect which runs are under way, and the results store which simulations have an answer; any of
them may be out of date. The lease of a run shows whether its process is alive.

| disagreement | repair |
| --- | --- |
| a trial runs, its worker is gone, its answer is stored | the trial is complete |
| a trial runs, its worker is gone, there is no answer | the trial is lost, its parameters are queued again |
| a simulation is under way for a trial that is finished | the run is cancelled, and with it its pod |
| a run is RUNNING and its process is gone | the run is set to CRASHED, and the run that waits for it continues |
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from functools import partial

from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger
from prefect.states import Cancelling

from orchestration.child_runs import is_lost, mark_crashed, retry_server_errors, runs_under_way
from orchestration.heartbeat import subjects_alive
from tunegate.application.jobs import trial_subject
from tunegate.application.search import close_lost_trial
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.installation import Installation

CANCELLED_BECAUSE = "The trial is finished: nobody waits for this simulation any more."


class Reconciler:
    """Repairs one campaign, round by round. A worker counts as gone when two rounds in a row saw no heartbeat."""

    def __init__(self, installation: Installation, campaign: str) -> None:
        self._installation = installation
        self._campaign = campaign
        self._region = installation.plan(campaign).region
        self._suspects: frozenset[str] = frozenset()

    async def repair(self) -> Counter[str]:
        """One round; returns how often each repair was made, and logs what was done."""
        trials = await asyncio.to_thread(self._installation.study(self._campaign).trials)
        repairs = Counter(await self._close_lost_trials(trials))
        async with get_client() as client:
            repairs.update(await self._cancel_orphans(client, trials))
            repairs.update(await self._crash_silent_runs(client))
        if repairs:
            get_run_logger().warning("reconciled: %s", ", ".join(f"{times} x {what}" for what, times in repairs.items()))
        return repairs

    async def _close_lost_trials(self, trials: Iterable[TrialRecord]) -> list[str]:
        running = [trial for trial in trials if trial.state is TrialState.RUNNING and trial.worker is not None]
        alive = await subjects_alive(self._campaign)
        silent = frozenset(trial.worker for trial in running if trial.worker is not None and trial.worker not in alive)
        gone, self._suspects = silent & self._suspects, silent
        return [
            await asyncio.to_thread(close_lost_trial, self._installation, self._campaign, trial)
            for trial in running
            if trial.worker in gone
        ]

    async def _cancel_orphans(self, client: PrefectClient, trials: Iterable[TrialRecord]) -> list[str]:
        under_way = (TrialState.RUNNING, TrialState.WAITING)
        finished = {f"{self._region}/{trial_subject(trial.number)}" for trial in trials if trial.state not in under_way}
        orphans = [run for run in await runs_under_way(client, self._campaign, "simulate") if run.name in finished]
        for run in orphans:
            if run.state is not None and not run.state.is_cancelling():
                await retry_server_errors(partial(client.set_flow_run_state, run.id, Cancelling(message=CANCELLED_BECAUSE)))
        return ["simulation of a finished trial cancelled" for _ in orphans]

    async def _crash_silent_runs(self, client: PrefectClient) -> list[str]:
        crashed = []
        for flow in ("worker", "simulate"):
            for run in await runs_under_way(client, self._campaign, flow):
                if run.deployment_id and await is_lost(self._campaign, run.name.removeprefix(f"{self._region}/"), run):
                    await mark_crashed(client, run)
                    crashed.append(f"silent {flow} run crashed")
        return crashed
