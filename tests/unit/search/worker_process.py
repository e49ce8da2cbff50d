"""A toy campaign: its definition, a simulator that fails on schedule, a worker's loop. Run as a program it is one worker."""

from __future__ import annotations

import os
import sys
import tempfile
import time

from tunegate.adapters.optuna.study import SearchStudy
from tunegate.domain.errors import FailureClass
from tunegate.domain.parameters import Dimension, Parameters
from tunegate.domain.seeds import keyed_integer
from tunegate.search.answers import BudgetSpent, TrialToRun, WaitForOthers
from tunegate.search.definition import PrunerName, SamplerName, SearchBudget, StudyDefinition

PRODUCTION = Parameters({"gamma": 0.5, "max_wait_s": 300.0, "sweeps": 3, "unsearched": 7.0})
DIMENSIONS = (
    Dimension("gamma", "float", 0.0, 1.0),
    Dimension("max_wait_s", "float", 30.0, 1200.0, log=True),
    Dimension("sweeps", "int", 1, 8),
)


def definition(
    sampler: SamplerName = "tpe", pruner: PrunerName = "none", seed: int = 7, first_day: str = "2024-03-01"
) -> StudyDefinition:
    return StudyDefinition("toy", DIMENSIONS, PRODUCTION, seed, sampler, pruner, {"days": [first_day], "seeds": [1]})


def budget(
    trials: int = 12, failure_budget: int = 1000, attempts_per_trial: int = 3, infrastructure_failure_budget: int = 1000
) -> SearchBudget:
    return SearchBudget(trials, failure_budget, attempts_per_trial, infrastructure_failure_budget)


def revenue(parameters: Parameters) -> float:
    """Best at gamma 0.3 and a long wait; a pure function, as a keyed simulation is."""
    return (
        1_000_000.0
        - 90_000.0 * (parameters["gamma"] - 0.3) ** 2
        + 10.0 * parameters["max_wait_s"]
        + 100.0 * parameters["sweeps"]
    )


def fails(asked: TrialToRun, percent: int) -> bool:
    return keyed_integer("fail", asked.proposal, asked.attempt) % 100 < percent


def work(
    study: SearchStudy, worker: str, fail_percent: int = 0, simulation_s: float = 0.0, pause_s: float = 0.003
) -> list[TrialToRun]:
    """Ask, simulate and tell until the budget is spent; what was asked, in order."""
    done: list[TrialToRun] = []
    while True:
        answer = study.ask(worker)
        match answer:
            case BudgetSpent():
                return done
            case WaitForOthers():
                time.sleep(pause_s)
            case TrialToRun():
                done.append(answer)
                time.sleep(simulation_s)
                if fails(answer, fail_percent):
                    study.tell_failed(answer.number, "the toy simulator died", FailureClass.TRANSIENT)
                else:
                    study.tell_complete(answer.number, revenue(answer.parameters), simulated_days=2, simulation_s=0.5)


def work_as_process(url: str, trials: int, fail_percent: int, worker: str) -> None:
    """Open the study, say so, work when told to; at the end say which trials were simulated here."""
    opened = SearchStudy.open(url, definition(), budget(trials=trials))
    say("open")
    sys.stdin.readline()  # Processes start when all are there, however slow the machine.
    done = work(opened, worker, fail_percent, simulation_s=0.02, pause_s=0.05)
    say(f"simulated {' '.join(str(asked.number) for asked in done)}")


def say(line: str) -> None:
    """One write, so that the lines of many processes do not mix."""
    os.write(1, f"{line}\n".encode())


def work_as_processes(url: str, trials: int, fail_percent: int, worker: str, processes: int) -> int:
    """Many such processes, forked once everything is imported; 0 when all of them ended well."""
    SearchStudy.open(f"sqlite:///{tempfile.mkdtemp()}/warm", definition(), budget())
    children = []
    for index in range(processes):
        if (child := os.fork()) == 0:
            work_as_process(url, trials, fail_percent, f"{worker}-{index}")
            os._exit(0)  # An exception above ends the child, too, with 1.
        children.append(child)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    return int(any(statuses))


if __name__ == "__main__":
    place, wanted, failing, name = sys.argv[1:5]
    if len(sys.argv) == 5:
        work_as_process(place, int(wanted), int(failing), name)
    else:
        sys.exit(work_as_processes(place, int(wanted), int(failing), name, int(sys.argv[5])))
