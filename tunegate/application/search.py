"""The search from a worker's side: ask for trials, report them, and leave none running behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_never

from tunegate.application.jobs import SimulationJob, trial_job
from tunegate.application.simulation import Simulated, StoredAnswer, stored_answers, sum_up
from tunegate.domain.errors import SimulationFailed
from tunegate.domain.trials import TrialRecord
from tunegate.installation import Installation
from tunegate.ports.study import Study
from tunegate.report.terminal.progress import TrialsSeen
from tunegate.search.answers import BudgetSpent, TrialToRun, WaitForOthers

# Other workers' trials take a fraction of a second to minutes; a thousand that wait for the last ones ask less and less.
WAIT_FOR_OTHERS_S = 0.2
WAIT_AT_MOST_S = 3.0


class SearchWorker:
    """One worker of a campaign's search. Blocking calls of the study run in threads."""

    def __init__(self, installation: Installation, campaign: str, name: str) -> None:
        self._campaign = campaign
        self._name = name
        self._plan = installation.plan(campaign)
        self._progress = installation.progress
        self._study = installation.study(campaign)

    async def ask(self) -> TrialToRun | None:
        """The next trial, or None once the budget is spent; waits while running trials may still fill it.

        Raises FailureBudgetSpent, and SimulationFailed when production itself cannot be simulated.
        """
        pause_s = WAIT_FOR_OTHERS_S
        while True:
            match await asyncio.to_thread(self._study.ask, self._name):
                case TrialToRun() as asked:
                    await self._announce_trials()
                    return asked
                case BudgetSpent():
                    return None
                case WaitForOthers():
                    await asyncio.sleep(pause_s)
                    pause_s = min(1.5 * pause_s, WAIT_AT_MOST_S)

    def job(self, asked: TrialToRun) -> SimulationJob:
        """The simulation of a trial."""
        return trial_job(self._plan, asked)

    async def report(self, asked: TrialToRun, outcome: Simulated | SimulationFailed) -> None:
        """Close a trial by how its simulation ended; safe to repeat. Raises as `ask` once the campaign cannot go on."""
        await asyncio.to_thread(report_trial, self._study, asked.number, outcome)
        await self._announce_trials()

    @asynccontextmanager
    async def requeue_on_error(self) -> AsyncIterator[None]:
        """Queue this worker's running trial again when `async with` ends by an error or a cancellation.

        Otherwise the other workers would wait for a trial that nobody runs any more.
        """
        try:
            yield
        except BaseException:
            await asyncio.to_thread(self._study.recover_interrupted, self._name)
            raise

    async def _announce_trials(self) -> None:
        if self._progress.has_listeners(self._campaign):
            self._progress.announce(self._campaign, TrialsSeen(await asyncio.to_thread(self._study.trials)))


def report_trial(study: Study, number: int, outcome: Simulated | SimulationFailed) -> None:
    """Close a trial by how its simulation ended; safe to repeat. Raises as `SearchWorker.ask` does."""
    match outcome:
        case SimulationFailed(failure_class=failure_class, fault=fault):
            study.tell_failed(number, f"{fault.rule}, but got {fault.value}", failure_class)
        case Simulated(pruned=True):
            study.tell_pruned(number, outcome.simulated_days, outcome.simulation_s, outcome.store_s)
        case Simulated():
            spent = (outcome.simulated_days, outcome.simulation_s, outcome.store_s)
            study.tell_complete(number, outcome.revenue_minor_per_day, *spent)
        case _:
            assert_never(outcome)


def close_lost_trial(installation: Installation, campaign: str, trial: TrialRecord) -> str:
    """Close the trial of a worker that is gone: by its stored answer, or else as lost; returns what was done, in words."""
    study, requests = installation.study(campaign), installation.plan(campaign).trial_requests(trial.number, trial.parameters)
    answers = stored_answers(installation, campaign, requests)
    if answers is None:
        study.tell_lost(trial.worker or "", "its worker sent no heartbeat")
        return "trial of a lost worker queued again"
    report_trial(study, trial.number, sum_up([StoredAnswer(answer) for answer in answers]))
    return "trial of a lost worker completed by its stored answer"


def best_trials(installation: Installation, campaign: str) -> tuple[TrialRecord, ...]:
    """The finalists: the best complete trials, production left out, as many as the configuration confirms."""
    return installation.study(campaign).top_k(installation.plan(campaign).config.search.confirm_top)
