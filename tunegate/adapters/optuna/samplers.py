"""Samplers that depend on the seed, the proposal and the earlier results alone, never on how often a process was started."""

from __future__ import annotations

from typing import assert_never

from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.seeds import keyed_integer
from tunegate.search.definition import RetiredSampler, SamplerName


def keyed_sampler(name: SamplerName | RetiredSampler, seed: int, proposal: int) -> BaseSampler:
    """The sampler of one proposal (from 1; proposal 0 is production).

    It is built afresh for every proposal with a seed keyed by campaign and proposal, so that a campaign that was killed and
    resumed proposes what an uninterrupted one would have. Raises BadInput for a sampler that was removed.
    """
    match name:
        case "tpe":
            return TPESampler(seed=keyed_integer(seed, "tpe", proposal))
        case "random":
            return RandomSampler(seed=keyed_integer(seed, "random", proposal))
        case "gp" | "qmc":
            rule, remedy = "a search continues with the sampler it began with", "Begin a new campaign with sampler: tpe."
            raise BadInput(Fault(rule, f"`{name}`, which was removed", "search.sampler", remedy))
        case _:
            assert_never(name)
