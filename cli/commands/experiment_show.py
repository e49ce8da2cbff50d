"""`tunegate experiment show`: how a region's newest experiment stands."""

from __future__ import annotations

import json
from datetime import datetime

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_OK
from cli.terminal import TABLE_COLUMNS, print_line
from tunegate.application.experiments import find_experiment
from tunegate.domain.plain_json import plain
from tunegate.installation import Installation
from tunegate.release.experiment_record import ExperimentState
from tunegate.release.rollout_plan import plan_digest, plan_words
from tunegate.report.messages.experiment_words import LOOK_COLUMNS, look_cells, next_step, predicted_words, standing


def run(region: str, *, as_json: bool) -> int:
    """Print the newest experiment of a region. Raises BadInput when it has none."""
    installation = Installation.from_environment(create=False)
    state = find_experiment(installation, region)
    if as_json:
        events = [{**plain(event), "digest": event.digest} for event in state.events]
        print_line(json.dumps({"experiment": state.experiment.name, "running": state.end is None, "events": events}))
        return EXIT_OK
    print_experiment(state, installation.clock.now())
    for sentence in (f"Release plan {plan_digest(state.experiment.plan)}", *plan_words(state.experiment.plan)):
        print_line(sentence)
    for event in state.events:
        print_line(f"{event.at:%Y-%m-%d %H:%M} UTC  {event.kind.value:<12} {event.who}: {event.why}")
    return EXIT_OK


def print_experiment(state: ExperimentState, now: datetime) -> None:
    """How an experiment stands, what its looks found, and what happens next."""
    for line in (f"{state.experiment.name}: {standing(state, now)}", predicted_words(state.predicted)):
        print_line(line)
    if state.looks:
        table = Table(*LOOK_COLUMNS, box=None)
        for look in state.looks:
            table.add_row(*look_cells(look))
        Console(width=TABLE_COLUMNS).print(table)
    print_line(f"Next: {next_step(state, now)}")
