"""Checks of the worlds a gate plays: a sound set, and every stress world that the policy demands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from tunegate.gate.checks.naming import outcome
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judgement import Check
from tunegate.gate.policy import GatePolicy
from tunegate.gate.world_design import FEWEST_DAYS_OF_A_WORLD
from tunegate.gate.worlds import FEWEST_WORLDS


def worlds_are_sound(evidence: GateEvidence, _policy: GatePolicy) -> Check:
    """Worlds must be at least two, different from each other, and weighted; without worlds there is nothing to check."""
    name, worlds = "worlds are a weighted set", evidence.worlds
    if not worlds:
        return outcome(name, [], "one world only: the verdict is conditional on it")
    problems = [] if len(worlds) >= FEWEST_WORLDS else [f"{worlds[0].name} is the only world"]
    if evidence.answers:
        problems.append("there are runs outside the worlds")
    problems += [
        f"{runs.name} has the weight {runs.world.weight}"
        for runs in worlds
        if not (math.isfinite(runs.world.weight) and runs.world.weight > 0)
    ]
    problems += [f"{count} worlds are named {one}" for one, count in Counter(runs.name for runs in worlds).items() if count > 1]
    digests = Counter(runs.world.digest for runs in worlds)
    problems += [f"{runs.name} has the settings of another world" for runs in worlds if digests[runs.world.digest] > 1]
    problems += _sharing_problems(evidence)
    return outcome(name, problems, f"{len(worlds)} worlds, each with settings of its own")


def _sharing_problems(evidence: GateEvidence) -> Iterator[str]:
    """How the worlds share the gate's days and seeds, where that is not evenly."""
    for runs in evidence.worlds:
        yield from (f"{runs.name} is played on {day}, which is no test day" for day in runs.days if day not in evidence.days)
        if len(runs.days) < FEWEST_DAYS_OF_A_WORLD or len({*runs.days}) < len(runs.days):
            yield f"{runs.name} must be played on {FEWEST_DAYS_OF_A_WORLD} different days or more"
        if len(runs.seeds) != len(evidence.worlds[0].seeds) or not runs.seeds:
            yield f"{runs.name} has {len(runs.seeds)} seeds and {evidence.worlds[0].name} {len(evidence.worlds[0].seeds)}"
    played = Counter(day for runs in evidence.worlds for day in runs.days)
    counts = {played[day] for day in evidence.days}
    if len(counts) > 1 or 0 in counts:
        yield f"some test days are played in {min(counts)} worlds and some in {max(counts)}"


def stress_worlds_played(evidence: GateEvidence, policy: GatePolicy) -> Check:
    """Exactly the policy's stress worlds must have been played, with its settings, and none may be one of the worlds."""
    played = {runs.name: runs for runs in evidence.stress_worlds}
    demanded = {world.name: world for world in policy.stress_worlds}
    believed = {runs.world.digest: runs.name for runs in evidence.worlds}
    problems = [f"{name} was not played" for name in demanded if name not in played]
    problems += [f"{name} was played and is not in the policy" for name in played if name not in demanded]
    problems += [
        f"{name} was played with other settings"
        for name in demanded
        if name in played and played[name].digest != demanded[name].digest
    ]
    problems += [
        f"{one.name} is the same as world {believed[one.digest]}" for one in demanded.values() if one.digest in believed
    ]
    return outcome("stress worlds played", problems, f"{len(demanded)} stress worlds" if demanded else "none is demanded")
