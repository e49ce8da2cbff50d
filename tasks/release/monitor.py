"""An experiment on the street: one step of its monitor, what people see of it, and who is told."""

from __future__ import annotations

import asyncio

from prefect import task
from prefect.artifacts import acreate_markdown_artifact

from orchestration.current_run import label_run, run_url
from orchestration.installation_context import current_installation
from orchestration.notifications import send
from orchestration.task_options import EFFECT, artifact_key
from tunegate.application import experiments
from tunegate.application.experiments import Watched
from tunegate.report.messages.experiment_words import experiment_markdown, notice_of


@task(retries=2, retry_delay_seconds=5, **EFFECT)
async def watch(region: str) -> Watched | None:
    """Look if a look is due, and carry out what was decided; None for a region without an experiment. Safe to repeat."""
    await label_run(tags=[f"region:{region}"])
    return await asyncio.to_thread(experiments.watch, current_installation(), region)


@task(**EFFECT)
async def show_experiment(watched: Watched) -> None:
    """Put the estimate by days, what was predicted and what happens next beside the run."""
    experiment, now = watched.state.experiment, current_installation().clock.now()
    key, about = f"experiment-{artifact_key(experiment.name)}", f"Experiment {experiment.name}"
    await asyncio.to_thread(experiments.write_page, current_installation(), watched.state)
    await acreate_markdown_artifact(experiment_markdown(watched.state, now), key=key, description=about)


@task(**EFFECT)
async def notify_experiment(watched: Watched) -> None:
    """Notify people of harm, of rows that cannot be judged, and of the end."""
    for event in watched.written:
        notice = notice_of(watched.state, event, run_url())
        if notice is not None:
            await send(notice)
