"""Simulation seeds by phase of a campaign: keyed, reproducible, and never shared between phases.

A seed that the search has seen is noise the winner may have fitted; confirmation and gate therefore draw their own.
"""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

SeedPhase = Literal["search", "validation", "gate", "power"]

_PHASE_BITS = 2
_DRAW_BITS = 32 - _PHASE_BITS


def phase_seeds(campaign_seed: int, phase: SeedPhase, count: int) -> tuple[int, ...]:
    """The first `count` distinct seeds of a phase, each in 0..2**32 - 1.

    The upper two bits name the phase, so that phases are disjoint by construction and not merely by luck. More seeds of
    the same phase extend the tuple without changing its beginning.
    """
    if count < 0:
        raise ValueError(f"count must not be negative, but got {count}")
    prefix = get_args(SeedPhase).index(phase) << _DRAW_BITS
    seeds: dict[int, None] = {}
    draw = 0
    while len(seeds) < count:
        seeds[prefix | keyed_integer(campaign_seed, phase, draw) >> _PHASE_BITS] = None
        draw += 1
    return tuple(seeds)


def keyed_integer(*key: int | str) -> int:
    """An integer in 0..2**32 - 1 that depends on the key alone: the same on every machine, unlike `hash`."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:4], "big")
