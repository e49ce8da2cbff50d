"""What defines the trials of a study, and the budget they are run with.

A study may be resumed only under the definition it began with: otherwise its trials would not be comparable with each other.
The budget may change between launches: more trials extend a study.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tunegate.domain.errors import Fault
from tunegate.domain.parameters import Dimension, Parameters

SamplerName = Literal["tpe", "random"]
RetiredSampler = Literal["gp", "qmc"]  # Campaigns of 0.1.0 may have used one (docs/adr/0015).
PrunerName = Literal["none", "wilcoxon", "median"]

# Four paired days are the fewest with which the signed-rank test can reach p = 1/16 < 0.1.
WILCOXON_DAYS = 4


@dataclass(frozen=True, slots=True)
class SearchBudget:
    """How much a search may spend.

    `trials` complete ones, exactly; pruned, failed and interrupted trials do not count. `failure_budget` failed trials are
    tolerated between one launch of the campaign and the next, one more ends it; trials that the infrastructure lost have a
    budget of their own. A proposal that fails transiently is simulated at most `attempts_per_trial` times, and one that was
    lost as often as that other budget allows.
    """

    trials: int
    failure_budget: int
    attempts_per_trial: int
    infrastructure_failure_budget: int


@dataclass(frozen=True, slots=True)
class StudyDefinition:
    """Everything that decides which trials a study has and what they are worth.

    `objective` is a plain JSON document of what a trial simulates (days, seeds, forecast, settings, city, simulator). `start`
    are the trials that follow production's, before the sampler proposes any.
    """

    name: str
    dimensions: tuple[Dimension, ...]
    production: Parameters
    seed: int
    sampler: SamplerName | RetiredSampler
    pruner: PrunerName
    objective: Mapping[str, object]
    start: tuple[Parameters, ...] = ()

    def as_document(self) -> dict[str, object]:
        """The definition as nested plain JSON, stored in the study to be compared on resuming."""
        document: dict[str, object] = {
            "space": {
                dimension.name: {"type": dimension.type, "low": dimension.low, "high": dimension.high, "log": dimension.log}
                for dimension in sorted(self.dimensions, key=lambda d: d.name)
            },
            "production": dict(self.production),
            "seed": self.seed,
            "sampler": self.sampler,
            "pruner": self.pruner,
            "objective": dict(self.objective),
        }
        if self.start:  # Studies that began before there was such a thing have no such key.
            document["start"] = [dict(parameters) for parameters in self.start]
        as_stored: dict[str, object] = json.loads(json.dumps(document))
        return as_stored


def definition_faults(stored: Mapping[str, object], now: Mapping[str, object], study: str) -> tuple[Fault, ...]:
    """One fault per key in which the stored definition of a study differs from the present one."""
    before, after = _leaves(stored), _leaves(now)
    return tuple(
        Fault(
            "a study resumes only under the definition it began with",
            f"{after.get(key, 'nothing')} now and {before.get(key, 'nothing')} when it began",
            f"{key} (study {study})",
            "Restore the value to resume, or start a new campaign without --resume.",
        )
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def _leaves(document: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Dotted key → JSON text of every leaf; lists count as leaves."""
    found: dict[str, str] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            found |= _leaves(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = json.dumps(value)
    return found
