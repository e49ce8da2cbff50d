"""A toy campaign: its definition, a simulator that fails on schedule, a worker's loop. Run as a program it is one worker."""

from __future__ import annotations

import sys
import time

from tunegate.domain.errors import FailureClass
from tunegate.domain.parameters import Dimension, Parameters
from tunegate.domain.seeds import keyed_integer
from tunegate.search.definition import PrunerName, SamplerName, SearchBudget, StudyDefinition
from tunegate.search.study import Asked, BudgetSpent, SearchStudy, WaitForOthers

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


def fails(asked: Asked, percent: int) -> bool:
    return keyed_integer("fail", asked.proposal, asked.attempt) % 100 < percent


def work(study: SearchStudy, worker: str, fail_percent: int = 0, simulation_s: float = 0.0) -> list[Asked]:
    """Ask, simulate and tell until the budget is spent; what was asked, in order."""
    done: list[Asked] = []
    while True:
        answer = study.ask(worker)
        match answer:
            case BudgetSpent():
                return done
            case WaitForOthers():
                time.sleep(0.003)
            case Asked():
                done.append(answer)
                time.sleep(simulation_s)
                if fails(answer, fail_percent):
                    study.tell_failed(answer.number, "the toy simulator died", FailureClass.TRANSIENT)
                else:
                    study.tell_complete(answer.number, revenue(answer.parameters), simulated_days=2, simulation_s=0.5)


if __name__ == "__main__":
    url, trials, fail_percent, worker = sys.argv[1:5]
    opened = SearchStudy.open(url, definition(), budget(trials=int(trials)))
    sys.stdout.write("open\n")
    sys.stdout.flush()
    sys.stdin.readline()  # Processes start when all are there, however slow the machine.
    work(opened, worker, int(fail_percent), simulation_s=0.02)
